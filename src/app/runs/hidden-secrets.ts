import { findSecrets, findSecretsInWords, isSecretOf, secretHash } from '../../targets/index.ts';
import type { App } from '../app.ts';
import type { RunPlan } from './run-plan.ts';

/** What a run must not tell, by the marks that stand for it in its record. */
export type HiddenSecrets = Readonly<Record<string, string>>;

/** Where texts of a user's stand in a plan that may hold a secret. Variables are hidden by themselves. */
type Texts = Pick<RunPlan, 'command' | 'inputs' | 'target'>;

const mark = /\(secret, ([0-9a-f]{16})\)/g;

/** As `RecordedVariable` shows a hash. */
export function markOf(value: string, secretKey: Uint8Array): string {
  return `(secret, ${secretHash(value, secretKey)})`;
}

/** What in the command, the literal inputs and the words for a container engine looks like a secret. */
export function hiddenSecrets({ command, inputs, target }: Texts, secretKey: Uint8Array): HiddenSecrets {
  const found = [
    ...(typeof command === 'string' ? findSecrets(command) : findSecretsInWords(command)),
    ...(target.kind === 'docker' ? findSecretsInWords(target.args) : []),
    ...Object.entries(inputs).flatMap(([name, input]) => {
      if (input.kind !== 'literal' || typeof input.value !== 'string') return [];
      return isSecretOf(name, input.value) ? [input.value] : findSecrets(input.value);
    }),
  ];
  return Object.fromEntries(found.map((value) => [markOf(value, secretKey), value]));
}

/** A text with marks for what it must not tell, wherever that stands in it. */
export function hideIn(text: string, hidden: HiddenSecrets): string {
  // The longest first: one secret may begin like another one.
  const marks = Object.entries(hidden).sort(([, a], [, b]) => b.length - a.length);
  if (marks.length === 0) return text;
  const byValue = new Map(marks.map(([key, value]) => [value, key]));
  const any = new RegExp(marks.map(([, value]) => escaped(value)).join('|'), 'g');
  return text.replaceAll(any, (value) => byValue.get(value) ?? value);
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/-]/g, String.raw`\$&`);
}

/** The other way round. */
export function revealIn(text: string, hidden: HiddenSecrets): string {
  return text.replaceAll(mark, (written) => (Object.hasOwn(hidden, written) ? (hidden[written] ?? '') : written));
}

/** The marks of a text, each with the word before it: what a person knows it by. */
export function marksIn(text: string): { mark: string; before: string }[] {
  return Array.from(text.matchAll(mark), ({ 0: written, index }) => ({
    mark: written,
    before: /(\S+?)[\s="']*$/.exec(text.slice(0, index))?.[1] ?? '',
  }));
}

/** The same plan with other texts. */
export function withTexts<T extends Texts>(plan: T, change: (text: string) => string): T {
  const { command, inputs, target } = plan;
  return {
    ...plan,
    command: typeof command === 'string' ? change(command) : command.map(change),
    target: target.kind === 'docker' ? { ...target, args: target.args.map(change) } : target,
    inputs: Object.fromEntries(
      Object.entries(inputs).map(([name, input]) => [
        name,
        input.kind === 'literal' && typeof input.value === 'string' ? { ...input, value: change(input.value) } : input,
      ]),
    ),
  };
}

/** In the notes of a run that hides something. */
export const hiddenNote = 'what looks like a secret in its command or inputs is on record only as a hash';
export const hiddenHint =
  'Pass it as a variable, `--var NAME=secret:NAME`, and read NAME in the script: the list of processes shows commands, too.';

export interface HidingPlan {
  /** What is done: the plan itself, with a note. */
  plan: RunPlan;
  /** What is told and stored of it. */
  shown: RunPlan;
  hidden: HiddenSecrets;
}

/** A plan that is about to go on record. Whoever submits it is told if something is hidden there. */
export function hideSecrets({ emit }: Pick<App, 'emit'>, plan: RunPlan, secretKey: Uint8Array): HidingPlan {
  const hidden = hiddenSecrets(plan, secretKey);
  if (Object.keys(hidden).length === 0) return { plan, shown: plan, hidden };
  if (plan.replayOf === undefined) emit({ type: 'note', level: 'warning', message: hiddenNote, hint: hiddenHint });
  const noted = { ...plan, notes: [...plan.notes, hiddenNote] };
  return { plan: noted, shown: withTexts(noted, (text) => hideIn(text, hidden)), hidden };
}
