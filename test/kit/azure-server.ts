import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AzureMachineLearningWorkspaces } from '@azure/arm-machinelearning';
import type { TokenCredential } from '@azure/core-auth';
import { makeCertificates } from './certificates.ts';
import { createSandbox, type Sandbox } from './sandbox.ts';
import { startServe } from './serve.ts';

/** A real `terroir serve` over https for the workspace `team`, and Azure's own client for it. */
export interface AzureServer {
  sandbox: Sandbox;
  url: string;
  /** The file of the authority that made its certificate. */
  authority: string;
  tokens: { contributor: string; reader: string };
  clientFor(token: string): AzureMachineLearningWorkspaces;
  close(): Promise<void>;
}

export async function startAzureServer(): Promise<AzureServer> {
  const sandbox = await createSandbox();
  const folder = await mkdtemp(join(tmpdir(), 'terroir-arm-'));
  const certificates = makeCertificates(folder);
  const ca = readFileSync(certificates.authority, 'utf8');
  await writeFile(join(folder, 'key.pem'), certificates.key);
  await writeFile(join(folder, 'cert.pem'), certificates.cert);
  const tokens = { contributor: '', reader: '' };
  for (const role of ['contributor', 'reader'] as const) {
    const made = await sandbox.run(['token', 'create', '--user', role, '--role', role]);
    tokens[role] = made.stdout.trim();
  }
  const tls = ['--tls-cert', join(folder, 'cert.pem'), '--tls-key', join(folder, 'key.pem')];
  const served = await startServe(sandbox, ['--name', 'team', ...tls]);
  return {
    sandbox,
    url: served.url,
    authority: certificates.authority,
    tokens,
    clientFor: (token) => {
      const credential: TokenCredential = {
        getToken: () => Promise.resolve({ token, expiresOnTimestamp: Date.now() + 3_600_000 }),
      };
      const options = { endpoint: served.url, tlsOptions: { ca }, retryOptions: { maxRetries: 0 } };
      return new AzureMachineLearningWorkspaces(credential, 'any-subscription', options);
    },
    close: async () => {
      await served.stop();
      await sandbox.remove();
      await rm(folder, { recursive: true });
    },
  };
}
