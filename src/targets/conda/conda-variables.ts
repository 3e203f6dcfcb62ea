import { join } from 'node:path';
import * as z from 'zod';
import { AppError } from '../../errors/index.ts';
import { listFolder, readText } from '../../io/index.ts';

const VariableFile = z.record(z.string().regex(/^[^=\0]+$/), z.string());
/** conda's own word for a variable that is to be taken away. */
const unset = '***unset***';

/**
 * What conda sets before any script runs: where the prefix is, then the variables of its packages, then those of its definition (a conda file's
 * `variables:`). Undefined takes one away.
 */
export async function condaVariables(
  prefix: string,
  { name, own }: { name: string; own: Readonly<Record<string, string>> },
): Promise<Record<string, string | undefined>> {
  const variables: Record<string, string | undefined> = {
    CONDA_PREFIX: prefix,
    // conda names an environment that is in none of its folders by its path.
    CONDA_DEFAULT_ENV: prefix,
    CONDA_SHLVL: '1',
    CONDA_PROMPT_MODIFIER: `(${name}) `,
    AZUREML_CONDA_ENVIRONMENT_PATH: prefix,
  };
  const folder = join(prefix, 'etc', 'conda', 'env_vars.d');
  const files = (await listFolder(folder)).map((entry) => entry.name).filter((each) => each.endsWith('.json'));
  for (const file of files.sort()) Object.assign(variables, await readVariables(join(folder, file)));
  Object.assign(variables, own);
  return Object.fromEntries(
    Object.entries(variables).map(([key, value]) => [key, value === unset ? undefined : value]),
  );
}

async function readVariables(path: string): Promise<Record<string, string>> {
  const text = await readText(path);
  const parsed = VariableFile.safeParse(parse(text));
  if (parsed.success) return parsed.data;
  throw new AppError('INVALID_PACKAGE', `\`${path}\` is no list of variables`, {
    hint: 'Leave the package out that brings it, or report it to those who publish it.',
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
