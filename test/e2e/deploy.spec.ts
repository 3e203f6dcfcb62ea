import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import type { Command } from '../../src/cli/command.ts';
import { command as serve } from '../../src/cli/commands/serve.ts';
import { command as token } from '../../src/cli/commands/token-create.ts';
import { command as worker } from '../../src/cli/commands/worker.ts';
import { pythonTool } from '../kit/python-tool.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '..', '..');
const deploy = join(root, 'deploy');
const units = readdirSync(join(deploy, 'systemd')).filter((name) => name.endsWith('.service'));
const manifests = readdirSync(join(deploy, 'kubernetes'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.yaml'))
  .map((name) => join(deploy, 'kubernetes', name));
const validator = await pythonTool('kubernetes-validate', '1.37.0');
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0;

// oxlint-disable-next-line typescript/no-explicit-any -- manifests are looked into as they are
type Resource = any;

const resources: Resource[] = manifests.flatMap((file) =>
  parseAllDocuments(readFileSync(file, 'utf8'), { strict: true, uniqueKeys: true }).map((document) => {
    expect(document.errors).toEqual([]);
    return document.toJS() as Resource;
  }),
);
const ofKind = (...kinds: string[]): Resource[] => resources.filter(({ kind }) => kinds.includes(kind));
const pods = ofKind('Deployment', 'StatefulSet', 'Job').map(({ metadata, spec }) => ({
  name: metadata.name as string,
  labels: spec.template.metadata.labels as Record<string, string>,
  selector: spec.selector?.matchLabels as Record<string, string> | undefined,
  claims: (spec.volumeClaimTemplates ?? []) as Resource[],
  spec: spec.template.spec,
  container: spec.template.spec.containers[0],
}));

/** Refuses words that the command does not know. */
function checkWords(words: readonly string[]): void {
  const commands: Record<string, Command> = { serve, worker, 'token create': token };
  const name = commands[words[0] ?? ''] === undefined ? words.slice(0, 2).join(' ') : (words[0] ?? '');
  const command = commands[name];
  expect(command, `terroir ${words.join(' ')}`).toBeDefined();
  const known = command?.options?.map(({ flags }) => /--[\w-]+/.exec(flags)?.[0]) ?? [];
  for (const word of words) if (word.startsWith('--')) expect(known).toContain(word);
}

describe('manifests for Kubernetes', () => {
  it.skipIf(validator === undefined)(
    'are what its schemas say, without anything that they do not know (kubernetes-validate)',
    { timeout: 60_000 },
    async () => {
      const { stdout } = await run(validator ?? '', ['--strict', ...manifests]);
      expect(stdout.match(/ passed /g)).toHaveLength(resources.length);
      const wrong = join(mkdtempSync(join(tmpdir(), 'terroir-deploy-')), 'wrong.yaml');
      writeFileSync(
        wrong,
        readFileSync(manifests.find((file) => file.includes('server')) ?? '', 'utf8').replace('replicas:', 'replica:'),
      );
      await expect(run(validator ?? '', ['--strict', wrong])).rejects.toThrow();
      rmSync(join(wrong, '..'), { recursive: true });
    },
  );

  it('are all in the namespace that they make', () => {
    const [namespace] = ofKind('Namespace');
    for (const { kind, metadata } of resources)
      if (kind !== 'Namespace') expect(metadata.namespace, metadata.name).toBe(namespace.metadata.name);
  });

  it.each(pods.map((pod) => [pod.name, pod]))('run %s without rights, and within bounds', (_name, pod) => {
    expect(pod.spec.automountServiceAccountToken).toBe(false);
    expect(pod.spec.securityContext).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
    expect(pod.container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(pod.container.resources).toMatchObject({
      requests: { cpu: expect.anything(), memory: expect.anything() },
      limits: { memory: expect.anything() },
    });
    if (pod.selector !== undefined) expect(pod.labels).toMatchObject(pod.selector);
  });

  it.each(pods.map((pod) => [pod.name, pod]))('name for %s only what is there', (_name, pod) => {
    const secrets = new Map(
      ofKind('Secret').map(({ metadata, stringData }) => [metadata.name, Object.keys(stringData)]),
    );
    for (const { valueFrom } of pod.container.env) {
      if (valueFrom === undefined) continue;
      const { name, key } = valueFrom.secretKeyRef;
      expect(secrets.get(name)).toContain(key);
    }
    const claims = ofKind('PersistentVolumeClaim').map(({ metadata }) => metadata.name);
    const volumes = [...(pod.spec.volumes ?? []), ...pod.claims.map(({ metadata }) => metadata)];
    for (const { persistentVolumeClaim } of volumes)
      if (persistentVolumeClaim !== undefined) expect(claims).toContain(persistentVolumeClaim.claimName);
    const names = volumes.map(({ name }: Resource) => name);
    for (const { name } of pod.container.volumeMounts) expect(names).toContain(name);
    if (pod.container.args !== undefined) checkWords(pod.container.args);
  });

  it('lead services and policies to ports that are there, and probes to paths that the server has', () => {
    const portsOf = (selector: Record<string, string>): string[] => {
      const found = pods.filter(({ labels }) =>
        Object.entries(selector).every(([key, value]) => labels[key] === value),
      );
      expect(found.length).toBeGreaterThan(0);
      return found.flatMap(({ container }) => (container.ports ?? []).map(({ name }: Resource) => name));
    };
    for (const { spec } of ofKind('Service'))
      for (const { targetPort } of spec.ports) expect(portsOf(spec.selector)).toContain(targetPort);
    for (const { spec } of ofKind('NetworkPolicy')) {
      for (const { ports } of spec.ingress ?? [])
        for (const { port } of ports) expect(portsOf(spec.podSelector.matchLabels)).toContain(port);
    }
    const server = pods.find(({ name }) => name === 'terroir');
    const probes = ['startupProbe', 'readinessProbe', 'livenessProbe'].map(
      (each) => server?.container[each].httpGet.path,
    );
    expect(probes).toEqual(['/healthz', '/readyz', '/healthz']);
  });

  it('let server and workers share a database and a registry, and no folder', () => {
    expect(ofKind('PersistentVolumeClaim')).toEqual([]);
    for (const { claims } of pods) for (const { spec } of claims) expect(spec.accessModes).toEqual(['ReadWriteOnce']);
    const shared = pods
      .filter(({ container }) => container.args !== undefined)
      .map(({ container }) => ({ env: container.env, image: container.image }));
    expect(shared).toHaveLength(3);
    for (const each of shared) expect(each).toEqual(shared[0]);
    const address = shared[0]?.env.find(({ name }: Resource) => name === 'TERROIR_REGISTRY').value as string;
    const [, host, port] = /^([a-z-]+):(\d+)\//.exec(address) ?? [];
    const service = ofKind('Service').find(({ metadata }) => metadata.name === host);
    expect(service.spec.ports.map((each: Resource) => String(each.port))).toEqual([port]);
  });
});

describe('units for systemd', () => {
  it.each(units)('%s starts a command that there is', (name) => {
    const text = readFileSync(join(deploy, 'systemd', name), 'utf8');
    const [, words = ''] = /^ExecStart=\/usr\/local\/bin\/terroir (.*)$/m.exec(text) ?? [];
    checkWords(words.split(' '));
  });

  it.skipIf(!hasSystemd).each(units)('%s is one that systemd takes, and is shut in (systemd-analyze)', async (name) => {
    const folder = mkdtempSync(join(tmpdir(), 'terroir-deploy-'));
    const file = join(folder, basename(name));
    const text = readFileSync(join(deploy, 'systemd', name), 'utf8');
    writeFileSync(file, text.replace('ExecStart=/usr/local/bin/terroir', 'ExecStart=/bin/true'));
    try {
      const { stderr } = await run('systemd-analyze', ['verify', '--man=no', file]);
      expect(stderr).toBe('');
      const { stdout } = await run('systemd-analyze', ['security', '--offline=true', '--threshold=20', file]);
      expect(stdout).toContain('OK');
      writeFileSync(file, text.replace('ProtectSystem=strict', 'ProtectSystems=strict'));
      const wrong = await run('systemd-analyze', ['verify', '--man=no', file]).catch(
        (error: { stderr: string }) => error,
      );
      expect(wrong.stderr).toContain('ProtectSystems');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

it('the image for containers takes what is packed, and begins as the manifests expect', () => {
  const text = readFileSync(join(deploy, 'Containerfile'), 'utf8');
  expect(text).toMatch(/^USER 10001:10001$/m);
  expect(text).toMatch(/^ENTRYPOINT \["tini", "--", "terroir"\]$/m);
  for (const { spec, name } of pods)
    if (name === 'terroir' || name === 'terroir-worker') expect(spec.securityContext.runAsUser).toBe(10001);
});
