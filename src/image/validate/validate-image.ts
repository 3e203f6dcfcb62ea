import { isAppError } from '../../errors/index.ts';
import { type Descriptor, ImageConfig, ImageIndex, ImageManifest, mediaTypes } from '../../schema/index.ts';
import { createRoot, listTree, type TreeNode } from '../base/file-tree.ts';
import { platformName } from '../choose-platform.ts';
import type { Content, ImageSource, Layer } from '../image.ts';
import { isIndex } from '../open-image.ts';
import { parseDocument } from '../parse-document.ts';
import { readSmallBlob, readVerified } from '../read-verified.ts';
import type { Finding, FindingCode } from './finding.ts';
import { differs, validateLayer } from './validate-layer.ts';

export interface ValidateOptions {
  /** Tag or digest. */
  reference?: string;
  signal?: AbortSignal;
  /** Called before a layer is read. */
  onLayer?: (descriptor: Descriptor) => void;
}

/** Docker mounts so many layers. */
const mostLayers = 125;

/**
 * Reads an image, or all under an index, to its last byte and holds it against the image specification and against what engines are known to do.
 * @throws AppError where the image cannot be reached at all.
 */
export async function validateImage(source: ImageSource, options: ValidateOptions = {}): Promise<Finding[]> {
  const content = await source.readManifest(options.reference, { signal: options.signal });
  if (!isIndex(content)) return await validateManifest(source, content, options);
  const findings: Finding[] = [];
  const where = content.descriptor.digest;
  const index = attempt(() => parseDocument(content.bytes, ImageIndex, { name: source.name, what: 'the index' }), {
    findings,
    where,
  });
  const platforms = new Set<string>();
  for (const descriptor of index?.manifests ?? []) {
    const { digest, platform } = descriptor;
    if (platform !== undefined && platform.os !== 'unknown') {
      const name = platformName(platform);
      if (platforms.has(name)) findings.push(finding('PLATFORM', where, `${name} is there twice`, 'warning'));
      platforms.add(name);
    }
    try {
      const manifest = await source.readManifest(digest, { signal: options.signal });
      if (manifest.bytes.length !== descriptor.size)
        findings.push(
          finding('BLOB_WRONG', digest, `it has ${manifest.bytes.length} bytes, and the index says ${descriptor.size}`),
        );
      // Attestations and the like are named, and no images.
      if (platform?.os !== 'unknown')
        findings.push(...(await validateManifest(source, manifest, { ...options, expected: descriptor })));
    } catch (error) {
      findings.push(unreadable(error, digest));
    }
  }
  return findings;
}

async function validateManifest(
  source: ImageSource,
  { bytes, descriptor }: Content,
  { signal, onLayer, expected }: ValidateOptions & { expected?: Descriptor },
): Promise<Finding[]> {
  const where = descriptor.digest;
  const findings: Finding[] = [];
  const add = (code: FindingCode, message: string, severity?: Finding['severity']): void => {
    findings.push(finding(code, where, message, severity));
  };
  const manifest = attempt(() => parseDocument(bytes, ImageManifest, { name: source.name, what: 'the manifest' }), {
    findings,
    where,
  });
  if (manifest === undefined) return findings;
  if (manifest.mediaType !== undefined && manifest.mediaType !== descriptor.mediaType)
    add('MEDIA_TYPE', `it calls itself \`${manifest.mediaType}\`, and is named as \`${descriptor.mediaType}\``);
  checkTypes(manifest, add);
  let config: ImageConfig | undefined;
  try {
    const text = await readSmallBlob(source, manifest.config, { signal });
    config = parseDocument(text, ImageConfig, { name: source.name, what: 'the configuration' });
  } catch (error) {
    findings.push(unreadable(error, manifest.config.digest));
  }
  if (config !== undefined) checkConfig(config, manifest, { add, expected });
  const root = createRoot();
  const baseLayers = countBase(config, manifest);
  let before: Map<string, Folder> | undefined;
  for (const [index, layer] of manifest.layers.entries()) {
    onLayer?.(layer);
    if (index === baseLayers) before = foldersOf(root);
    const value: Layer = {
      descriptor: layer,
      diffId: config?.rootfs.diff_ids[index] ?? `sha256:${'0'.repeat(64)}`,
      open: (options) => readVerified(source, layer, options),
    };
    const found = await validateLayer({ layer: value, root, isAdded: index >= baseLayers, signal });
    findings.push(...(config === undefined ? found.filter(({ code }) => code !== 'DIFF_ID') : found));
  }
  for (const [path, folder] of before ?? []) {
    const now = foldersOf(root).get(path);
    if (now !== undefined && differs(folder, now))
      add('FOLDER_CHANGED', `\`${path}\` of the base has another mode or owner`);
  }
  return findings;
}

type Add = (code: FindingCode, message: string, severity?: Finding['severity']) => void;

function checkTypes({ config, layers, mediaType }: ImageManifest, add: Add): void {
  if (![mediaTypes.ociConfig, mediaTypes.dockerConfig].includes(config.mediaType as never))
    add('MEDIA_TYPE', `\`${config.mediaType}\` is no media type of an image's configuration`);
  const all = [
    config.mediaType,
    ...layers.map((layer) => layer.mediaType),
    ...(mediaType === undefined ? [] : [mediaType]),
  ];
  const docker = all.filter((type) => type.startsWith('application/vnd.docker.'));
  if (docker.length > 0 && docker.length < all.length)
    add('MIXED_TYPES', 'it has media types of Docker and of OCI', 'warning');
  if (layers.length > mostLayers)
    add('LAYER_COUNT', `it has ${layers.length} layers; Docker mounts ${mostLayers} at most`);
}

function checkConfig(
  config: ImageConfig,
  manifest: ImageManifest,
  { add, expected }: { add: Add; expected: Descriptor | undefined },
): void {
  const count = config.rootfs.diff_ids.length;
  if (count !== manifest.layers.length)
    add('LAYER_COUNT', `its manifest has ${manifest.layers.length} layers, and its configuration ${count}`);
  const history = config.history?.filter(({ empty_layer: isEmpty }) => isEmpty !== true).length;
  if (history !== undefined && history !== count)
    add('HISTORY_COUNT', `its history has ${history} entries for ${count} layers`, 'warning');
  const platform = expected?.platform;
  if (platform !== undefined && (platform.os !== config.os || platform.architecture !== config.architecture))
    add('PLATFORM', `the index says ${platformName(platform)}, and its configuration ${platformName(config)}`);
}

type Folder = Pick<TreeNode, 'mode' | 'uid' | 'gid'>;

function foldersOf(root: TreeNode): Map<string, Folder> {
  const found = new Map<string, Folder>();
  for (const [path, { kind, mode, uid, gid }] of listTree(root))
    if (kind === 'folder') found.set(path, { mode, uid, gid });
  return found;
}

/** How many layers are the base's: those before the first that the history says we made. Without such a one, all. */
function countBase(config: ImageConfig | undefined, { layers }: ImageManifest): number {
  const made = (config?.history ?? []).filter(({ empty_layer: isEmpty }) => isEmpty !== true);
  const first = made.findIndex(({ created_by: by }) => by?.startsWith('terroir: ') === true);
  return first === -1 ? layers.length : first;
}

function attempt<T>(read: () => T, { findings, where }: { findings: Finding[]; where: string }): T | undefined {
  try {
    return read();
  } catch (error) {
    findings.push(unreadable(error, where));
    return undefined;
  }
}

function unreadable(error: unknown, where: string): Finding {
  if (isAppError(error, 'INVALID_IMAGE')) return finding('BAD_DOCUMENT', where, error.message);
  if (isAppError(error, 'DIGEST_MISMATCH')) return finding('BLOB_WRONG', where, error.message);
  if (isAppError(error, 'IMAGE_NOT_FOUND')) return finding('BLOB_MISSING', where, error.message);
  throw error;
}

function finding(code: FindingCode, where: string, message: string, severity: Finding['severity'] = 'error'): Finding {
  return { code, severity, where, message };
}
