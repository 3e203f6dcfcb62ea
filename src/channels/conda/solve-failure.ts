import { AppError } from '../../errors/index.ts';
import type { CondaSolveRequest } from '../../resolve/index.ts';
import type { Channel } from './channel.ts';
import type { Collected } from './collect-records.ts';
import type { SolverSpec } from './match-spec.ts';
import { type SolverAnswer, solverAddress } from './solver-input.ts';

interface Asked {
  request: CondaSolveRequest;
  specs: readonly SolverSpec[];
  channels: readonly Channel[];
  collected: Collected;
}

/** What a solver that did not solve means for the user. Its explanation is shown as it is, with the channels' names. */
export function explainFailure(answer: Exclude<SolverAnswer, { kind: 'solved' }>, asked: Asked): AppError {
  if (answer.kind === 'died') return explainDeath(answer, asked);
  const explanation = withNames(answer.explanation.trim(), asked.channels);
  if (/^Cannot solve the request/i.test(explanation)) {
    return new AppError('UNSOLVABLE', explanation, { hint: hintFor(explanation, asked) });
  }
  if (/failed to extract/i.test(explanation)) {
    return new AppError('INTERNAL', `the solver cannot read the records of a channel: ${explanation}`, {
      hint: `Please report it, with the channels: ${asked.channels.map(({ name }) => name).join(', ')}.`,
    });
  }
  return new AppError('INVALID_DEFINITION', `the solver does not understand a specification: ${explanation}`, {
    hint: `It was asked for: ${asked.specs.map(({ text }) => `\`${text}\``).join(', ')}.`,
  });
}

function explainDeath({ exhausted, reason }: { exhausted: boolean; reason: string }, { specs }: Asked): AppError {
  if (exhausted) {
    return new AppError('UNSOLVABLE', 'the solver needed more memory than it may have', {
      hint: 'Give versions to what has none, python first: every version that is ruled out is one less to look at.',
    });
  }
  return new AppError('INTERNAL', `the solver broke down: ${reason.split('\n')[0]}`, {
    hint: `Nothing was changed. Please report it with what was asked for: ${specs.map(({ text }) => `\`${text}\``).join(', ')}.`,
  });
}

function withNames(text: string, channels: readonly Channel[]): string {
  return channels.reduceRight(
    (all, { name }, index) => all.replaceAll(`${solverAddress(index)}/`, name).replaceAll(solverAddress(index), name),
    text,
  );
}

function hintFor(explanation: string, { request, specs, channels, collected }: Asked): string {
  const known = new Set(collected.channels.flatMap(({ records }) => records.map(({ name }) => name)));
  const missing = specs.filter(({ name }) => !known.has(name) && !name.startsWith('__')).map(({ name }) => name);
  const where = channels.map(({ name }) => name).join(', ');
  const hints: string[] = [];
  if (missing.length > 0) {
    const names = missing.map((name) => `\`${name}\``).join(', ');
    hints.push(
      `${names} ${missing.length === 1 ? 'is' : 'are'} not in ${where} for ${request.platform}: check the spelling, add the channel that has it, or put it into the \`pip:\` block if it is on PyPI.`,
    );
  }
  for (const { name } of specs) {
    const others = collected.shadowed.get(name);
    const first = collected.channels.find(({ records }) => records.some((record) => record.name === name));
    if (others === undefined || first === undefined) continue;
    hints.push(
      `\`${name}\` is looked for in ${first.channel.name} only, the first channel that has it; \`${others[0]?.name}::${name}\` takes that of ${others[0]?.name}.`,
    );
  }
  const virtual = [...new Set(explanation.match(/\b__(?:glibc|cuda|archspec|osx|linux|win)\b/g) ?? [])];
  if (virtual.length > 0) hints.push(virtualHint(virtual, request));
  const odd = collected.odd.filter(({ filename }) => specs.some(({ name }) => filename.includes(`/${name}-`)));
  if (odd.length > 0)
    hints.push(`Left out, because it contradicts itself: \`${odd[0]?.filename}\` of ${odd[0]?.channel.name}.`);
  if (hints.length === 0)
    hints.push('Loosen the version that stands highest in the tree, or add a channel that has what is missing.');
  return hints.join(' ');
}

function virtualHint(names: readonly string[], { virtualPackages }: CondaSolveRequest): string {
  const assumed = names.map((name) => {
    const known = virtualPackages[name];
    return known === undefined
      ? `no \`${name}\``
      : `\`${name}\` ${known.version === '1' ? known.build : known.version}`;
  });
  return `The lock assumes ${assumed.join(' and ')}; \`system_requirements: {glibc: …, cuda: …, archspec: …}\` says what the machines have.`;
}
