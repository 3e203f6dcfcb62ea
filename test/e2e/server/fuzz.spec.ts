import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { pythonTool } from '../../kit/python-tool.ts';
import { createTestServer, type TestServer } from '../../kit/server.ts';

/** Asynchronous: the server answers from this process. */
const execute = promisify(execFile);
const fuzzer = await pythonTool('schemathesis', '4.32.5');
/** Always the same requests: what fails is the code's doing. */
const seed = '20260101';

describe.skipIf(fuzzer === undefined)(
  'a fuzzer on the API’s description (where it can be installed)',
  { timeout: 300_000 },
  () => {
    let server: TestServer;
    let folder: string;
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'terroir-fuzz-'));
      server = await createTestServer({
        withTokens: true,
        limits: { runs: 0, rate: 1e6, burst: 1e6, failures: 1e6 },
      });
      const definition = { text: 'name: own\npython: {user_managed: true}\n' };
      const made = await server.call('POST /api/v1/environments', { token: server.tokens.admin, body: { definition } });
      expect(made.status).toBe(201);
    });
    afterAll(async () => {
      await server.close();
      await rm(folder, { recursive: true });
    });

    it('finds nothing that is the server’s fault', async () => {
      // What looks at the whole machine takes its time, and takes nothing from whoever asks.
      const words =
        `run ${server.url}/api/v1/openapi.json --checks not_a_server_error --phases coverage,fuzzing --max-examples 8 --seed ${seed} ` +
        '--exclude-path /api/v1/doctor --request-timeout 30 --generation-database none --no-color';
      const args = [...words.split(' '), '--header', `Authorization: Bearer ${server.tokens.admin}`];
      const { stdout } = await execute(fuzzer ?? '', args, { cwd: folder, maxBuffer: 1 << 26 }).catch(
        (error: unknown) => error as { stdout: string },
      );
      expect(stdout).toMatch(/Tested: +\d\d/);
      expect(stdout).not.toMatch(/Server error/i);
      expect(/(\d+) generated/.exec(stdout)?.[1]).toMatch(/^\d{4,}$/);
      const failed = server.log.filter((line) => /"status":5\d\d/.test(line));
      expect(failed).toEqual([]);
    });
  },
);
