import { join } from 'node:path';
import { AppError } from '../errors/index.ts';
import { listFolder, readText } from '../io/index.ts';
import type { Captured } from './captured.ts';
import { compareFiles } from './compare-files.ts';
import { readDistributions } from './distributions.ts';
import type { CaptureFinding } from './finding.ts';

/** A venv: its distributions, by their metadata; pip too, if it has one. */
export async function captureVenv(prefix: string): Promise<Captured> {
  const settings = await readSettings(prefix);
  const python = await findMinor(prefix);
  const installed = await readDistributions(prefix, `lib/python${python}/site-packages`);
  const findings: CaptureFinding[] = [];
  if (settings.get('include-system-site-packages')?.toLowerCase() === 'true') {
    findings.push({
      kind: 'system-packages',
      message: `the venv also sees the packages of its Python in \`${settings.get('home') ?? ''}\`; they are left out`,
      hint: 'Name those that are needed in the definition.',
    });
  }
  findings.push(...installed.flatMap(({ problems }) => problems));
  const files = installed.flatMap((each) => each.files);
  findings.push(...(await compareFiles(prefix, files, { ignore: (path) => isVenvs(path, python) })));
  return {
    kind: 'venv',
    prefix,
    python,
    subdir: undefined,
    channels: [],
    conda: [],
    wheels: installed.flatMap(({ wheel }) => wheel ?? []),
    variables: {},
    findings,
  };
}

async function readSettings(prefix: string): Promise<Map<string, string>> {
  const lines = (await readText(join(prefix, 'pyvenv.cfg'))).split(/\r?\n/);
  return new Map(
    lines.flatMap((line) => {
      const [, key, value] = /^\s*([^=]+?)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      return key === undefined || value === undefined ? [] : [[key.toLowerCase(), value] as const];
    }),
  );
}

async function findMinor(prefix: string): Promise<string> {
  const names = (await listFolder(join(prefix, 'lib'))).map(({ name }) => /^python(\d+\.\d+)$/.exec(name)?.[1]);
  const minor = names.find((name) => name !== undefined);
  if (minor !== undefined) return minor;
  throw new AppError('UNSUPPORTED_FORMAT', `the venv \`${prefix}\` has no folder \`lib/python3.N\``, {
    hint: 'It is damaged, or was made on Windows.',
  });
}

/** What `venv`, virtualenv, uv and Terroir write themselves. */
function isVenvs(path: string, python: string): boolean {
  const site = `lib/python${python}/site-packages`;
  return (
    /^(?:pyvenv\.cfg|\.gitignore|\.lock|CACHEDIR\.TAG|lib64)$/.test(path) ||
    /^bin\/(?:python[\d.]*|activate(?:\.\w+)?|activate_this\.py|Activate\.ps1|deactivate\.\w+|pydoc(?:\.bat)?)$/.test(
      path,
    ) ||
    path.startsWith('.terroir/') ||
    path.startsWith('include/') ||
    path === `lib/python${python}/EXTERNALLY-MANAGED` ||
    path === `${site}/_virtualenv.py` ||
    path === `${site}/_virtualenv.pth` ||
    path === `${site}/distutils-precedence.pth`
  );
}
