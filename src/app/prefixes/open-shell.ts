import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { removeTree } from '../../io/index.ts';
import { deactivateConda, quoteWord, runAttached } from '../../targets/index.ts';
import type { App } from '../app.ts';
import { findOrRegister } from '../environments/find-or-register.ts';
import { temporaryFolder } from '../packages/pypi-channel.ts';
import { prepareForCommand } from './exec.ts';
import type { ReadyEnvironment } from './use-environment.ts';

type Variables = Readonly<Record<string, string>>;

/** Opens the user's shell in an environment. */
export async function openShell(app: App, reference: string): Promise<{ exitCode: number }> {
  const version = await findOrRegister(app, reference);
  const { ready, env } = await prepareForCommand(app, version);
  const shell = app.env.SHELL || '/bin/sh';
  const label = `${version.name}:${version.version}`;
  app.emit({ type: 'note', level: 'info', message: `${label} is first on PATH; \`exit\` leaves it` });
  const outcome = await runShell(app, shell, { env, restore: restoring(ready, env) });
  if (ready.isConda && ready.prefix !== undefined) await deactivateConda(ready.prefix, env, { cwd: app.cwd });
  return outcome;
}

/** A shell's own start-up files may put other folders in front of ours, and another conda environment; this puts ours back after them. */
function restoring({ bin, isConda }: ReadyEnvironment, env: Variables): string {
  const conda = isConda ? ['CONDA_PREFIX', 'CONDA_DEFAULT_ENV', 'CONDA_SHLVL'] : [];
  const exports = conda.map((name) => `export ${name}=${quoteWord(env[name] ?? '')}`);
  return [`PATH=${quoteWord(bin)}:$PATH`, ...exports].join('; ');
}

async function runShell(
  app: App,
  shell: string,
  { env, restore }: { env: Variables; restore: string },
): Promise<{ exitCode: number }> {
  const { cwd } = app;
  switch (basename(shell)) {
    case 'bash': {
      const start = `exec "$0" --rcfile <(cat ~/.bashrc 2>/dev/null; printf '\\n%s\\n' "$1") -i`;
      return await runAttached({ executed: [shell, '-c', start, shell, restore], cwd, env });
    }
    case 'zsh': {
      const folder = await temporaryFolder(app, 'shell-');
      try {
        await writeZshFiles(folder, restore);
        const own = env.ZDOTDIR ?? env.HOME ?? '';
        return await runAttached({
          executed: [shell, '-i'],
          cwd,
          env: { ...env, ZDOTDIR: folder, TERROIR_ZDOTDIR: own },
        });
      } finally {
        await removeTree(folder);
      }
    }
    default:
      return await runAttached({ executed: [shell], cwd, env });
  }
}

/** zsh reads its start-up files from one folder: these read the user's, and put ours back. */
async function writeZshFiles(folder: string, restore: string): Promise<void> {
  const read = (name: string): string => `[ ! -f "$ZDOTDIR/${name}" ] || . "$ZDOTDIR/${name}"`;
  const theirs = 'ZDOTDIR=$TERROIR_ZDOTDIR';
  await writeFile(
    join(folder, '.zshenv'),
    [theirs, read('.zshenv'), 'TERROIR_ZDOTDIR=$ZDOTDIR', `ZDOTDIR=${quoteWord(folder)}`, ''].join('\n'),
  );
  await writeFile(join(folder, '.zshrc'), [theirs, 'unset TERROIR_ZDOTDIR', read('.zshrc'), restore, ''].join('\n'));
}
