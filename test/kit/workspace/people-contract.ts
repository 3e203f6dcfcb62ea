import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AuditEntry } from '../../../src/schema/index.ts';
import type { Workspace } from '../../../src/workspace/index.ts';
import type { WorkspacePlace } from './place.ts';
import { allPages, registerSample, sampleLock, sampleModel, sampleRequest, sampleRun } from './samples.ts';

/** What every database has to do for tokens, the audit trail and repeated submissions. */
export function peopleContract(place: WorkspacePlace): void {
  describe('people', () => {
    let workspace: Workspace;
    beforeEach(async () => {
      workspace = await place.empty();
    });
    afterEach(() => place.dispose());

    describe('tokens', () => {
      it('are found by their text, which is kept nowhere', async () => {
        expect(await workspace.tokens.state()).toEqual({ made: false, holding: false });
        const { token, text } = await workspace.tokens.create({ user: 'robot', role: 'contributor' });
        expect(token).toMatchObject({ user: 'robot', role: 'contributor', createdBy: 'ann', usedAt: null });
        expect(text).toMatch(/^terroir_[0-9a-f]{12}_[\w-]{43}$/);
        expect(await workspace.tokens.find(text)).toEqual(token);
        expect(await workspace.tokens.state()).toEqual({ made: true, holding: true });
        const { items } = await workspace.tokens.list({ limit: 10 });
        expect(items).toMatchObject([{ id: token.id, usedAt: expect.any(String) }]);
        expect(JSON.stringify(items)).not.toContain(text.slice(-43));
      });

      it.each<[string, (text: string) => string]>([
        ['nothing', () => ''],
        ['another secret', (text) => `${text.slice(0, -1)}${text.endsWith('A') ? 'B' : 'A'}`],
        ['another id', (text) => text.replace(/_[0-9a-f]{12}_/, '_000000000000_')],
        ['the secret alone', (text) => text.slice(-43)],
        ['a longer text', (text) => `${text}A`],
        ['capital letters', (text) => text.toUpperCase()],
        ['a line end', (text) => `${text}\n`],
      ])('are not %s', async (_title, change) => {
        const { text } = await workspace.tokens.create({ user: 'robot', role: 'reader' });
        expect(await workspace.tokens.find(change(text))).toBeUndefined();
      });

      it('end when they expire and when they are revoked', async () => {
        const expired = await workspace.tokens.create({
          user: 'a',
          role: 'reader',
          expiresAt: new Date(Date.now() - 1).toISOString(),
        });
        const revoked = await workspace.tokens.create({ user: 'b', role: 'reader' });
        const later = new Date(Date.now() + 60_000).toISOString();
        const good = await workspace.tokens.create({ user: 'c', role: 'reader', expiresAt: later });
        const first = await workspace.tokens.revoke(revoked.token.id);
        expect((await workspace.tokens.revoke(revoked.token.id)).revokedAt).toBe(first.revokedAt);
        expect(await workspace.tokens.find(expired.text)).toBeUndefined();
        expect(await workspace.tokens.find(revoked.text)).toBeUndefined();
        expect(await workspace.tokens.find(good.text)).toMatchObject({ user: 'c', expiresAt: later });
        expect(await workspace.tokens.state()).toEqual({ made: true, holding: true });
        await workspace.tokens.revoke(good.token.id);
        expect(await workspace.tokens.state()).toEqual({ made: true, holding: false });
        await expect(workspace.tokens.revoke('nobody')).rejects.toMatchObject({ code: 'TOKEN_NOT_FOUND' });
      });

      it('are listed page by page, newest first', async () => {
        const ids: string[] = [];
        for (let index = 0; index < 7; index += 1)
          ids.push((await workspace.tokens.create({ user: `u${index}`, role: 'reader' })).token.id);
        const listed = await allPages((page) => workspace.tokens.list(page));
        expect(listed.map(({ id }) => id).sort()).toEqual(ids.sort());
        const oldest = await allPages((page) => workspace.tokens.list({ ...page, sort: 'created' }));
        expect(oldest).toEqual([...listed].reverse());
        const own = await allPages((page) => workspace.tokens.list({ ...page, user: 'u3' }));
        expect(own.map(({ user }) => user)).toEqual(['u3']);
      });
    });

    describe('the audit trail', () => {
      const trail = async (): Promise<AuditEntry[]> => await Array.fromAsync(workspace.audit.read());

      it('says who did what from where, and nothing of what changed nothing', async () => {
        const bob = workspace.as({ user: 'bob', origin: '10.0.0.7 token 1' });
        const version = await registerSample(bob, 'iris');
        await registerSample(bob, 'iris');
        await bob.environments.updateHeader(version.id, { description: 'flowers' });
        await bob.environments.setArchived('iris', undefined, true);
        await bob.environments.setArchived('iris', undefined, false);
        await bob.locks.addFirst(sampleLock(version.fingerprint, '1'));
        await bob.locks.addFirst(sampleLock(version.fingerprint, '2'));
        await bob.locks.relock(sampleLock(version.fingerprint, '3'), version.id);
        await bob.runs.create(sampleRun('run', version), version.id);
        await bob.runs.requestCancel('run');
        await bob.models.register(sampleModel('m', 'run'));
        await expect(bob.environments.delete(version.id)).rejects.toMatchObject({ code: 'IN_USE' });
        await bob.environments.purge(version.id);
        const entries = await trail();
        expect(entries.map(({ action, subject, outcome }) => `${action} ${subject}: ${outcome}`)).toEqual([
          'environment.register iris:1: done',
          'environment.update iris:1: done',
          'environment.archive iris: done',
          'environment.restore iris: done',
          `lock.add ${version.fingerprint} linux-64 1: done`,
          'lock.move iris:1 linux-64 2: done',
          'run.submit run: done',
          'run.cancel run: done',
          'model.register m:1: done',
          'environment.delete iris:1: IN_USE',
          'environment.purge iris:1: done',
        ]);
        expect(new Set(entries.map(({ user, origin }) => `${user} ${origin}`))).toEqual(
          new Set(['bob 10.0.0.7 token 1']),
        );
        expect(entries.map(({ number }) => number)).toEqual(entries.map((_, index) => index + 1));
        expect(await workspace.audit.verify()).toEqual({
          entries: 11,
          head: entries.at(-1)?.hash,
          broken: undefined,
        });
      });

      it('holds no secret of a token', async () => {
        const { text, token } = await workspace.tokens.create({ user: 'robot', role: 'admin' });
        await workspace.tokens.revoke(token.id);
        const entries = await trail();
        expect(entries.map(({ subject }) => subject)).toEqual([`${token.id} admin robot`, token.id]);
        expect(JSON.stringify(entries)).not.toContain(text.slice(-43));
      });

      it('is one chain, whoever writes at the same time', async () => {
        const other = await place.again('bob');
        const facts = (user: string, index: number) => ({
          user,
          origin: 'test',
          action: 'test',
          subject: String(index),
          outcome: 'done',
        });
        await Promise.all(
          Array.from({ length: 60 }, async (_, index) => {
            if (index % 20 === 10) await new Promise((resolve) => setTimeout(resolve, 5));
            await (index % 2 === 0 ? workspace : other).audit.append(facts(index % 2 === 0 ? 'a' : 'b', index));
          }),
        );
        expect(await workspace.audit.verify()).toMatchObject({ entries: 60, broken: undefined });
        const entries = await trail();
        expect(entries.map(({ subject }) => Number(subject)).sort((x, y) => x - y)).toEqual(
          Array.from({ length: 60 }, (_, index) => index),
        );
      });

      it('is listed newest first, by user, action, subject and time', async () => {
        await registerSample(workspace, 'iris');
        await registerSample(workspace.as({ user: 'bob', origin: 'x' }), 'wine');
        await workspace.environments.setArchived('iris', '1', true);
        const subjects = async (filter: Parameters<Workspace['audit']['list']>[0]): Promise<string[]> =>
          (await workspace.audit.list(filter)).items.map(({ subject }) => subject);
        expect(await allPages((page) => workspace.audit.list(page), 2)).toHaveLength(3);
        expect(await subjects({ limit: 9 })).toEqual(['iris:1', 'wine:1', 'iris:1']);
        expect(await subjects({ limit: 9, user: 'bob' })).toEqual(['wine:1']);
        expect(await subjects({ limit: 9, action: 'environment.archive' })).toEqual(['iris:1']);
        expect(await subjects({ limit: 9, subject: 'wine:1' })).toEqual(['wine:1']);
        expect(await subjects({ limit: 9, since: '2999' })).toEqual([]);
      });

      it('records what was refused with its code', async () => {
        await workspace.environments.register(sampleRequest('iris', 'a', { version: '1' }));
        const other = workspace.environments.register(sampleRequest('iris', 'b', { version: '1' }));
        await expect(other).rejects.toMatchObject({ code: 'VERSION_EXISTS' });
        expect((await trail()).at(-1)).toMatchObject({ subject: 'iris:1', outcome: 'VERSION_EXISTS' });
      });
    });

    describe('submissions', () => {
      const claim = (user: string, digest: string, runId: string) =>
        workspace.submissions.claim({ user, key: 'k', digest, runId });

      it('with the same key are the same run, for each user', async () => {
        expect(await claim('ann', 'd', 'one')).toEqual({});
        expect(await claim('ann', 'd', 'two')).toEqual({ earlierRun: 'one' });
        expect(await claim('bob', 'd', 'three')).toEqual({});
        await expect(claim('ann', 'other', 'four')).rejects.toMatchObject({ code: 'ALREADY_EXISTS' });
        await workspace.submissions.release('ann', 'k');
        expect(await claim('ann', 'other', 'five')).toEqual({});
      });

      it('that come at once make one run', async () => {
        const other = await place.again('bob');
        const answers = await Promise.all(
          Array.from({ length: 20 }, (_, index) =>
            (index % 2 === 0 ? workspace : other).submissions.claim({
              user: 'ann',
              key: 'k',
              digest: 'd',
              runId: `run ${index}`,
            }),
          ),
        );
        expect(answers.filter(({ earlierRun }) => earlierRun === undefined)).toHaveLength(1);
        expect(new Set(answers.flatMap(({ earlierRun }) => earlierRun ?? [])).size).toBe(1);
      });
    });
  });
}
