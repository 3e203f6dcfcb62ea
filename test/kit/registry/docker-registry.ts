import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../free-port.ts';

export interface RegistryProcess {
  /** `127.0.0.1:port`, as references name it. */
  host: string;
  url: string;
  root: string;
  child: ChildProcess;
  stop: () => Promise<void>;
}

/** The user of a registry that asks for a password. */
export const user = { name: 'ada', password: 'secret' };
const htpasswd = 'ada:$2y$04$Pz9SCHvlMEIFXWZB.Kh1Publ6KRVLb3/YCN2cm0QOzoBRgyJq3Jqy\n';

export interface DockerRegistryOptions {
  root: string;
  /** Who may do what: everybody; one user with a password; whoever has a token of that server. */
  auth?: 'htpasswd' | { realm: string; certificates: string };
}

/** Debian's docker-registry as a process of its own. */
export async function startDockerRegistry({ root, auth }: DockerRegistryOptions): Promise<RegistryProcess> {
  mkdirSync(root, { recursive: true });
  const port = await freePort();
  const config: Record<string, unknown> = {
    version: 0.1,
    log: { level: 'error', accesslog: { disabled: true } },
    storage: { filesystem: { rootdirectory: root }, delete: { enabled: true } },
    http: { addr: `127.0.0.1:${port}` },
  };
  if (auth === 'htpasswd') {
    writeFileSync(join(root, 'htpasswd'), htpasswd);
    config.auth = { htpasswd: { realm: 'here', path: join(root, 'htpasswd') } };
  } else if (auth !== undefined) {
    const { realm, certificates } = auth;
    config.auth = { token: { realm, service: 'test', issuer: 'test', rootcertbundle: certificates } };
  }
  // JSON is YAML.
  writeFileSync(join(root, 'config.yml'), JSON.stringify(config));
  const child = spawn('docker-registry', ['serve', join(root, 'config.yml')], { stdio: 'ignore' });
  const url = `http://127.0.0.1:${port}`;
  await waitFor(url);
  return { host: `127.0.0.1:${port}`, url, root, child, stop: async () => await stop(child) };
}

/** Ours, as a process of its own. */
export async function startOwnRegistry(root: string, port = 0): Promise<RegistryProcess> {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'serve-child.ts'), root, String(port)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const url = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (line: Buffer) => resolve(line.toString('utf8').trim()));
    child.once('close', () => reject(new Error('the registry did not start')));
  });
  return { host: new URL(url).host, url, root, child, stop: async () => await stop(child) };
}

async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once('close', resolve));
  child.kill('SIGKILL');
  await ended;
}

async function waitFor(url: string): Promise<void> {
  for (let attempt = 0; attempt < 200; attempt += 1) {
    const isThere = await fetch(`${url}/v2/`).then(
      () => true,
      () => false,
    );
    if (isThere) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error('docker-registry did not start');
}
