import { AppError } from '../../errors/index.ts';
import type { RunRecord } from '../../schema/index.ts';
import type { App } from '../app.ts';
import { markOf, marksIn, revealIn, withTexts } from './hidden-secrets.ts';
import type { RunPlan } from './run-plan.ts';
import { callersSecrets } from './run-variables.ts';

/**
 * The plan of a repetition with what its record hides in the command, the inputs and the words for an engine. It is looked for among all that the caller
 * has, whatever it is called there: the hash tells what it is.
 * @throws AppError USAGE that names what the caller does not have.
 */
export async function withGivenSecrets(app: App, record: RunRecord, plan: RunPlan): Promise<RunPlan> {
  const places = hiddenPlaces(plan);
  if (places.length === 0) return plan;
  const secretKey = await (await app.openWorkspace()).secretKey();
  const given = Object.values(callersSecrets(app, plan.secrets)).filter((value) => value !== undefined);
  const hidden = Object.fromEntries(given.map((value) => [markOf(value, secretKey), value]));
  const missing = places.filter(({ mark }) => !Object.hasOwn(hidden, mark)).map(({ place }) => place);
  if (missing.length === 0) return withTexts(plan, (text) => revealIn(text, hidden));
  throw new AppError(
    'USAGE',
    `the run ${record.id} had secrets that are on record only as hashes: ${[...new Set(missing)].join(', ')}`,
    {
      hint: `${
        app.remote === true
          ? 'Send each of them in `secrets`, under any name (`terroir runs replay --secret NAME`)'
          : 'Set a variable of your environment, of any name, to each of them'
      }: the hash tells which is which. Or submit the job again.`,
    },
  );
}

/** The marks of a plan, each with where it stands, for a person. */
function hiddenPlaces({ command, inputs, target }: RunPlan): { mark: string; place: string }[] {
  const find = (text: string, inside: string): { mark: string; place: string }[] =>
    marksIn(text).map(({ mark, before }) => ({
      mark,
      place: before === '' ? `in ${inside}` : `after \`${before}\` in ${inside}`,
    }));
  return [
    ...find(typeof command === 'string' ? command : command.join(' '), 'its command'),
    ...(target.kind === 'docker' ? find(target.args.join(' '), 'the words for its engine') : []),
    ...Object.entries(inputs).flatMap(([name, input]) =>
      input.kind === 'literal'
        ? marksIn(String(input.value)).map(({ mark }) => ({ mark, place: `the input \`${name}\`` }))
        : [],
    ),
  ];
}
