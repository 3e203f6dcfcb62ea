import { join, posix } from 'node:path';
import * as z from 'zod';
import { stripUserInfo } from '../errors/index.ts';
import { listFolder, readTextIfExists } from '../io/index.ts';
import { canonicalVersion, normaliseName } from '../requirements/index.ts';
import type { CapturedWheel } from './captured.ts';
import type { OwnedFile } from './compare-files.ts';
import type { CaptureFinding } from './finding.ts';

/** A distribution in `site-packages`. */
export interface Distribution {
  /** Normalised. */
  name: string;
  version: string;
  /** "pip", "uv", "conda". */
  installer: string;
  /** Undefined for what cannot be had again. */
  wheel: CapturedWheel | undefined;
  problems: CaptureFinding[];
  /** By its RECORD, relative to the prefix. */
  files: OwnedFile[];
}

/** PEP 610. */
const DirectUrl = z.object({
  url: z.string(),
  subdirectory: z.string().optional(),
  dir_info: z.object({ editable: z.boolean().optional() }).optional(),
  archive_info: z
    .object({ hash: z.string().optional(), hashes: z.record(z.string(), z.string()).optional() })
    .optional(),
  vcs_info: z.object({ vcs: z.string(), commit_id: z.string() }).optional(),
});
type DirectUrl = z.infer<typeof DirectUrl>;

/** Every distribution of a folder of packages, by its metadata. */
export async function readDistributions(prefix: string, site: string): Promise<Distribution[]> {
  const found: Distribution[] = [];
  for (const { name } of await listFolder(join(prefix, site))) {
    const match = /^([A-Za-z0-9][A-Za-z0-9._]*)-([^-]+)(?:-py[\d.]+)?\.(dist|egg)-info$/.exec(name);
    if (match?.[1] === undefined || match[2] === undefined) {
      const link = /^(.+)\.egg-link$/.exec(name)?.[1];
      if (link !== undefined) found.push(editable(normaliseName(link), '', site, name));
      continue;
    }
    found.push(await readOne(prefix, site, { folder: name, name: match[1], version: match[2] }));
  }
  return found;
}

async function readOne(
  prefix: string,
  site: string,
  { folder, name: written, version: text }: { folder: string; name: string; version: string },
): Promise<Distribution> {
  const file = async (name: string): Promise<string | undefined> =>
    await readTextIfExists(join(prefix, site, folder, name)).catch(() => undefined);
  const name = normaliseName(written);
  const version = canonicalVersion(text);
  const direct = await file('direct_url.json');
  const files = recordedFiles((await file('RECORD')) ?? '', site, name);
  const isEgg = folder.endsWith('.egg-info');
  const installer = ((await file('INSTALLER')) ?? (isEgg ? 'setuptools' : 'unknown')).trim();
  const base = { name, version, installer, files };
  if (direct === undefined) return { ...base, wheel: { name, version }, problems: [] };
  return { ...base, ...fromDirect(name, version, direct) };
}

function fromDirect(name: string, version: string, text: string): Pick<Distribution, 'wheel' | 'problems'> {
  const direct = parse(text);
  if (direct === undefined) {
    const message = `nobody can tell where \`${name} ${version}\` came from: its direct_url.json cannot be read`;
    return { wheel: undefined, problems: [{ kind: 'no-metadata', message }] };
  }
  const url = stripUserInfo(direct.url);
  if (direct.vcs_info?.vcs === 'git' && !url.startsWith('file:')) {
    const { commit_id: commit } = direct.vcs_info;
    return {
      wheel: { name, version, source: { kind: 'git', url, commit, subdirectory: direct.subdirectory } },
      problems: [],
    };
  }
  if (direct.archive_info !== undefined && /^https?:/.test(url)) {
    const { hashes, hash } = direct.archive_info;
    const sha256 = hashes?.sha256 ?? /^sha256=(.+)$/.exec(hash ?? '')?.[1];
    return { wheel: { name, version, source: { kind: 'archive', url, sha256 } }, problems: [] };
  }
  return {
    wheel: undefined,
    problems: [
      direct.dir_info?.editable === true
        ? editableFinding(name, url)
        : {
            kind: 'local',
            message: `\`${name} ${version}\` was installed from \`${url}\`, which is here only; it is left out`,
            hint: 'Name its project or wheel in the definition: then its content is part of the version.',
          },
    ],
  };
}

function parse(text: string): DirectUrl | undefined {
  try {
    return DirectUrl.parse(JSON.parse(text));
  } catch {
    return undefined;
  }
}

function editable(name: string, version: string, site: string, link: string): Distribution {
  const problems = [editableFinding(name, link)];
  return {
    name,
    version,
    installer: 'setuptools',
    wheel: undefined,
    problems,
    files: [{ path: `${site}/${link}`, owner: name }],
  };
}

function editableFinding(name: string, place: string): CaptureFinding {
  return {
    kind: 'editable',
    message: `\`${name}\` is an editable install of \`${place}\`, which changes at any time; it is left out`,
    hint: 'Name the project in the definition (`-e FOLDER`): then its content is part of the version.',
  };
}

/** RECORD (binary distribution format): digests are `sha256=` and base64 without padding. */
function recordedFiles(text: string, site: string, owner: string): OwnedFile[] {
  return text
    .split(/\r?\n/)
    .filter((line) => line !== '')
    .map((line) => {
      const [, quoted, plain, digest] = /^(?:"((?:[^"]|"")*)"|([^,]*)),(?:sha256=([\w-]+))?,?\d*$/.exec(line) ?? [];
      const path = posix.normalize(posix.join(site, quoted?.replaceAll('""', '"') ?? plain ?? ''));
      return {
        path,
        owner,
        sha256: digest === undefined ? undefined : Buffer.from(digest, 'base64url').toString('hex'),
      };
    });
}
