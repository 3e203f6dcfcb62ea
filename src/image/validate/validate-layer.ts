import { createHash } from 'node:crypto';
import { isAppError } from '../../errors/index.ts';
import { applyLayer, findNode, type TreeChange, type TreeNode } from '../base/file-tree.ts';
import type { Layer } from '../image.ts';
import { type LayerCompression, openTar } from '../layers/open-tar.ts';
import { createTarScan, type TarMember } from '../tar/read-tar.ts';
import type { Finding, FindingCode } from './finding.ts';

export interface LayerCheck {
  layer: Layer;
  /** What the layers below have made; this one is laid over it. */
  root: TreeNode;
  /** It was put on a base, so it must not disturb it. */
  isAdded: boolean;
  signal?: AbortSignal;
}

/** Of one kind, more say no more. */
const mostOfAKind = 20;

/** Reads a layer to its end and says all that is wrong with it. @throws what the source throws, but for wrong bytes. */
export async function validateLayer({ layer, root, isAdded, signal }: LayerCheck): Promise<Finding[]> {
  const where = layer.descriptor.digest;
  const findings: Finding[] = [];
  const counts = new Map<FindingCode, number>();
  const report = (code: FindingCode, message: string, severity: Finding['severity'] = 'error'): void => {
    const count = (counts.get(code) ?? 0) + 1;
    counts.set(code, count);
    if (count <= mostOfAKind) findings.push({ code, severity, where, message });
  };
  const seen = new Map<string, TarMember>();
  const changes: TreeChange[] = [];
  const removed: string[] = [];
  const opaque: string[] = [];
  const take = (member: TarMember): undefined => {
    const parts = member.path.split('/').filter((part) => part !== '' && part !== '.');
    const path = parts.join('/');
    if (parts.includes('..')) {
      report('PATH_OUTSIDE', `\`${member.path}\` leaves the image`);
      return undefined;
    }
    if (member.path.startsWith('/')) report('PATH_OUTSIDE', `\`${member.path}\` is absolute`, 'warning');
    const before = seen.get(path);
    if (before !== undefined)
      report(
        'PATH_TWICE',
        `\`${path}\` is there twice`,
        before.kind === 'folder' && member.kind === 'folder' ? 'warning' : 'error',
      );
    seen.set(path, member);
    const name = parts.at(-1) ?? '';
    const folder = parts.slice(0, -1).join('/');
    if (name.startsWith('.wh.')) return checkWhiteout({ name, folder, member, root, report, removed, opaque });
    if (member.kind === 'hard link' && !checkHardLink({ member, path, seen, report })) return undefined;
    changes.push({ ...member, path });
    return undefined;
  };
  let compression: LayerCompression = 'none';
  let unread = 0;
  try {
    const scan = createTarScan({ member: take }, where);
    const hash = createHash(layer.diffId.split(':')[0] ?? 'sha256');
    const stream = openTar(layer.open({ signal }), {
      label: where,
      onCompression: (kind) => {
        compression = kind;
      },
      onUnread: (size) => {
        unread = size;
      },
    });
    for await (const chunk of stream) {
      signal?.throwIfAborted();
      hash.update(chunk);
      scan.push(chunk);
    }
    if (unread > 0) report('COMPRESSION', `${unread} bytes stand behind its end`);
    const diffId = `${layer.diffId.split(':')[0]}:${hash.digest('hex')}`;
    if (diffId !== layer.diffId)
      report('DIFF_ID', `it is ${diffId} uncompressed, and the configuration says ${layer.diffId}`);
    const { isEnded, hasMore } = scan.finish();
    if (hasMore) report('TAR', 'something stands behind the end of its archive; engines do not see it');
    else if (!isEnded) report('TAR', 'its archive is not ended by two blocks of zeros', 'warning');
  } catch (error) {
    if (isAppError(error, 'DIGEST_MISMATCH') || isAppError(error, 'CORRUPT_STORE')) report('BLOB_WRONG', error.message);
    else if (isAppError(error, 'IMAGE_NOT_FOUND')) report('BLOB_MISSING', error.message);
    else if (isAppError(error, 'INVALID_IMAGE'))
      report(/tar archive/.test(error.message) ? 'TAR' : 'COMPRESSION', error.message);
    else throw error;
  }
  checkMediaType(layer.descriptor.mediaType, compression, report);
  checkFolders({ changes, root, seen, isAdded, report });
  applyLayer(root, { changes, removed, opaque });
  return findings;
}

type Report = (code: FindingCode, message: string, severity?: Finding['severity']) => void;

function checkWhiteout({
  name,
  folder,
  member,
  root,
  report,
  removed,
  opaque,
}: {
  name: string;
  folder: string;
  member: TarMember;
  root: TreeNode;
  report: Report;
  removed: string[];
  opaque: string[];
}): undefined {
  if (member.kind !== 'file' || member.size > 0) report('WHITEOUT', `\`${member.path}\` is no empty file`);
  if (name === '.wh..wh..opq') opaque.push(folder);
  else if (!name.startsWith('.wh..wh.')) {
    const hidden = folder === '' ? name.slice(4) : `${folder}/${name.slice(4)}`;
    if (findNode(root, hidden) === undefined) report('WHITEOUT', `\`${member.path}\` hides nothing`, 'warning');
    removed.push(hidden);
  }
}

/** False for what leads out of the image. */
function checkHardLink({
  member,
  path,
  seen,
  report,
}: {
  member: TarMember;
  path: string;
  seen: ReadonlyMap<string, TarMember>;
  report: Report;
}): boolean {
  const parts = member.target.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) {
    report('PATH_OUTSIDE', `the hard link \`${path}\` leads out of the image`);
    return false;
  }
  const target = seen.get(parts.join('/'));
  if (target === undefined || target.kind === 'folder')
    report('HARD_LINK', `\`${path}\` is a hard link to \`${member.target}\`, which is no file before it in this layer`);
  return true;
}

function checkMediaType(mediaType: string, compression: LayerCompression, report: Report): void {
  const declared = /[+.]gzip$/.test(mediaType)
    ? 'gzip'
    : /[+.]zstd$/.test(mediaType)
      ? 'zstd'
      : /\.(?:tar|diff\.tar)$/.test(mediaType)
        ? 'none'
        : undefined;
  if (declared === undefined) report('MEDIA_TYPE', `\`${mediaType}\` is no media type of a layer`);
  else if (declared !== compression)
    report(
      'MEDIA_TYPE',
      `it is called \`${mediaType}\`, and is ${compression === 'none' ? 'not compressed' : `compressed with ${compression}`}`,
    );
}

/** What the layer does to folders and links of the layers below it. */
function checkFolders({
  changes,
  root,
  seen,
  isAdded,
  report,
}: {
  changes: readonly TreeChange[];
  root: TreeNode;
  seen: ReadonlyMap<string, TarMember>;
  isAdded: boolean;
  report: Report;
}): void {
  const checked = new Set<string>();
  for (const { path } of changes) {
    for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      const folder = path.slice(0, slash);
      if (checked.has(folder)) continue;
      checked.add(folder);
      const below = findNode(root, folder);
      if (below === undefined) break;
      const own = seen.get(folder);
      if (below.kind === 'link' && (isAdded || own?.kind !== 'folder'))
        report(
          'LINK_REPLACED',
          `\`${folder}\` is a link below, and \`${path}\` makes a folder of it`,
          isAdded ? 'error' : 'warning',
        );
      // Docker and podman give a folder without an entry the mode 755.
      else if (
        isAdded &&
        own === undefined &&
        below.kind === 'folder' &&
        differs(below, { mode: 0o755, uid: 0, gid: 0 })
      )
        report('FOLDER_CHANGED', `\`${folder}\` has no entry, and some engines then change its mode or owner`);
    }
  }
}

export function differs(a: Pick<TreeNode, 'mode' | 'uid' | 'gid'>, b: Pick<TreeNode, 'mode' | 'uid' | 'gid'>): boolean {
  return a.mode !== b.mode || a.uid !== b.uid || a.gid !== b.gid;
}
