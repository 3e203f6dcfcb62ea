import { z } from 'zod';
import { AppError } from '../errors/index.ts';
import { runProcess } from '../io/index.ts';
import { InterpreterFacts } from '../schema/index.ts';

const program = `
import sys, json, platform
from importlib import metadata
seen = {}
for d in metadata.distributions():
    name = d.metadata['Name'] if d.metadata is not None else None
    if name and name.lower() not in seen:
        seen[name.lower()] = {'name': name, 'version': d.version or ''}
print(json.dumps({'path': sys.executable, 'version': platform.python_version(), 'implementation': sys.implementation.name,
  'distributions': sorted(seen.values(), key=lambda each: each['name'].lower())}))
`;

const Answer = InterpreterFacts.extend({ distributions: z.array(z.object({ name: z.string(), version: z.string() })) });

/** Asks a user-managed interpreter what it is and which distributions it sees, under the run's own variables. */
export async function probeInterpreter(
  path: string,
  env: Record<string, string>,
  cwd: string,
): Promise<InterpreterFacts> {
  try {
    const { stdout } = await runProcess(path, ['-c', program], { env, cwd, timeout: 60_000 });
    return Answer.parse(JSON.parse(stdout));
  } catch (error) {
    throw new AppError('PYTHON_NOT_FOUND', `the interpreter \`${path}\` of the environment does not run`, {
      hint: 'A user-managed environment names an interpreter that is there: `python: {user_managed: true, interpreter_path: …}`.',
      cause: error,
    });
  }
}
