import { basename, join } from 'node:path';
import * as z from 'zod';
import { AppError, stripUserInfo } from '../errors/index.ts';
import { listFolder, readText, readTextIfExists } from '../io/index.ts';
import type { Captured, CapturedCondaPackage } from './captured.ts';
import { compareFiles, type OwnedFile } from './compare-files.ts';
import { type Distribution, readDistributions } from './distributions.ts';
import type { CaptureFinding } from './finding.ts';

/** What of conda's PrefixRecord is read. */
const PrefixRecord = z.object({
  name: z.string(),
  version: z.string(),
  build: z.string(),
  subdir: z.string().nullish(),
  url: z.string().nullish(),
  md5: z.string().nullish(),
  sha256: z.string().nullish(),
  python_site_packages_path: z.string().nullish(),
  files: z.array(z.string()).default([]),
  paths_data: z
    .object({
      paths: z.array(
        z.object({
          _path: z.string(),
          path_type: z.string().nullish(),
          sha256: z.string().nullish(),
          sha256_in_prefix: z.string().nullish(),
          file_mode: z.string().nullish(),
        }),
      ),
    })
    .nullish(),
});
type PrefixRecord = z.infer<typeof PrefixRecord>;

const State = z.object({ env_vars: z.record(z.string(), z.string()).default({}) });

/** A conda environment: its packages by their records, and what pip put on top. */
export async function captureConda(prefix: string): Promise<Captured> {
  const records = await readRecords(prefix);
  const findings: CaptureFinding[] = [];
  const conda = records.flatMap((record) => packageOf(record, findings));
  const interpreter = records.find(({ name }) => name === 'python');
  const python = /^\d+\.\d+/.exec(interpreter?.version ?? '')?.[0];
  const subdir = records.map((record) => record.subdir ?? 'noarch').find((each) => each !== 'noarch');
  const owned = records.flatMap(filesOf);
  // A Python without its lock has its packages in a folder of its own, and says so.
  const sitePackages = interpreter?.python_site_packages_path ?? `lib/python${python}/site-packages`;
  const installed = python === undefined ? [] : await readDistributions(prefix, sitePackages);
  const wheels = wheelsOnTop(installed, owned, findings);
  const others = installed.filter(({ installer }) => installer !== 'conda').flatMap(({ files }) => files);
  findings.push(...(await compareFiles(prefix, [...owned, ...others], { ignore: isCondas })));
  return {
    kind: 'conda',
    prefix,
    python,
    subdir,
    channels: [...new Set(conda.map(({ channel }) => channel))],
    conda,
    wheels,
    variables: await readVariables(prefix),
    findings,
  };
}

async function readRecords(prefix: string): Promise<PrefixRecord[]> {
  const folder = join(prefix, 'conda-meta');
  const names = (await listFolder(folder)).filter(({ name }) => name.endsWith('.json') && name !== 'state');
  const records: PrefixRecord[] = [];
  for (const { name } of names) {
    try {
      records.push(PrefixRecord.parse(JSON.parse(await readText(join(folder, name)))));
    } catch (error) {
      throw new AppError('UNSUPPORTED_FORMAT', `\`${join(folder, name)}\` is no record of a conda package`, {
        hint: 'The environment is damaged; conda cannot list it either.',
        cause: error,
      });
    }
  }
  return records;
}

/** Without an address nobody can fetch it again. */
function packageOf(record: PrefixRecord, findings: CaptureFinding[]): CapturedCondaPackage[] {
  const { name, version, build, md5, sha256 } = record;
  const url = stripUserInfo(record.url ?? '').replace(/\/t\/[^/]+(?=\/)/, '');
  const match = /^(https?:\/\/.+)\/([^/]+)\/([^/]+)$/.exec(url);
  const [, channel, subdir, filename] = match ?? [];
  if (channel === undefined || subdir === undefined || filename === undefined) {
    findings.push({
      kind: 'no-url',
      message: `the conda package \`${name} ${version} ${build}\` ${url === '' ? 'has no address' : `came from \`${url}\``}; it is left out`,
      hint: 'It was built or installed from a file here. Put it into a channel, and install it from there.',
    });
    return [];
  }
  return [
    {
      kind: 'conda',
      name,
      version,
      build,
      filename: decodeURIComponent(filename),
      url,
      channel,
      subdir,
      md5: md5 ?? undefined,
      sha256: sha256 ?? undefined,
    },
  ];
}

function filesOf({ name, files, paths_data: data }: PrefixRecord): OwnedFile[] {
  const described = new Map((data?.paths ?? []).map((path) => [path._path, path]));
  return files.map((path) => {
    const found = described.get(path);
    const isFile = found?.path_type === undefined || found.path_type === null || found.path_type === 'hardlink';
    // A text that was rewritten has a digest only where the installer wrote it down.
    const digest = found?.sha256_in_prefix ?? (found?.file_mode ? undefined : found?.sha256);
    return { path, owner: name, sha256: isFile ? (digest ?? undefined) : undefined };
  });
}

/** What pip installed. What conda has too is conda's by the definition, and pip's by the files. */
function wheelsOnTop(
  installed: readonly Distribution[],
  owned: readonly OwnedFile[],
  findings: CaptureFinding[],
): Captured['wheels'] {
  const condaHas = new Set(owned.flatMap(({ path }) => distributionName(path)));
  const wheels: Captured['wheels'] = [];
  for (const { name, version, installer, wheel, problems } of installed) {
    if (installer === 'conda') continue;
    if (
      condaHas.has(name) &&
      owned.some(({ path }) => distributionName(path)[0] === name && path.includes(`-${version}.`))
    ) {
      // The folder is the one that conda's record names: some builds keep the installer that made them.
      continue;
    }
    findings.push(...problems);
    if (condaHas.has(name)) {
      findings.push({
        kind: 'over-conda',
        message: `pip put \`${name} ${version}\` over conda's package; the definition has conda's`,
        hint: 'Take that version from conda, or take the package out of conda and leave it to pip.',
      });
    } else if (wheel !== undefined) wheels.push(wheel);
  }
  return wheels;
}

function distributionName(path: string): string[] {
  const name = /(?:^|\/)site-packages\/([A-Za-z0-9._]+)-[^/-]+(?:-py[\d.]+)?\.(?:dist|egg)-info(?:\/|$)/.exec(
    path,
  )?.[1];
  return name === undefined ? [] : [name.toLowerCase().replaceAll(/[-_.]+/g, '-')];
}

/** What conda and Terroir write beside packages. */
function isCondas(path: string): boolean {
  return (
    path.startsWith('conda-meta/') ||
    path.startsWith('.terroir/') ||
    path === 'bin/activate' ||
    path === 'CACHEDIR.TAG' ||
    /^lib\/python[\d.]+t?\/EXTERNALLY-MANAGED$/.test(path) ||
    basename(path) === '.condarc'
  );
}

async function readVariables(prefix: string): Promise<Record<string, string>> {
  const text = await readTextIfExists(join(prefix, 'conda-meta', 'state'));
  try {
    return text === undefined ? {} : State.parse(JSON.parse(text)).env_vars;
  } catch {
    return {};
  }
}
