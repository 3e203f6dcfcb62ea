import {
  canonicalJson,
  type Descriptor,
  type ImageConfig,
  type ImageManifest,
  mediaTypes,
  type OciPlatform,
  sha256,
} from '../../schema/index.ts';
import { defaultPath } from '../base/base-facts.ts';
import type { Content, Image, Layer, MultiImage } from '../image.ts';
import { applySteps, envMap, type MetadataStep, type RuntimeConfig } from './apply-steps.ts';

/** A layer that is put on top, and how it shows in the image's history. */
export interface AddedLayer {
  layer: Layer;
  createdBy: string;
  /** `numpy 2.3.5`; empty for what is no package. */
  packages: readonly string[];
}

export interface ComposeInput {
  base: Image;
  /** As the definition names it. */
  baseReference?: string;
  /** In the order in which they stand. */
  steps?: readonly MetadataStep[];
  layers?: readonly AddedLayer[];
  /** Where the environment is, in the image. Absolute. Without it, there is none. */
  prefix?: string;
  labels?: Readonly<Record<string, string>>;
}

/** When everything was made: always the same, for the image is a function of what is in it. */
const created = '2000-01-01T00:00:00Z';
/** Of a layer's descriptor: the packages in it. */
const packagesKey = 'terroir.packages';

/**
 * Puts steps and layers on a base, by the OCI image specification; of Docker's own forms nothing is left. What the base says besides stays.
 * The same input gives the same bytes.
 */
export function composeImage({
  base,
  baseReference,
  steps = [],
  layers = [],
  prefix,
  labels = {},
}: ComposeInput): Image {
  const { manifest: oldManifest, config: oldConfig } = base.value;
  const allLayers: Layer[] = [
    ...base.layers.map((layer) => ({ ...layer, descriptor: ociDescriptor(layer.descriptor) })),
    ...layers.map(({ layer, packages }) => ({ ...layer, descriptor: withPackages(layer.descriptor, packages) })),
  ];
  const stepped = applySteps(oldConfig.config ?? {}, steps);
  const runtime = prefix === undefined ? stepped : withEnvironment(stepped, prefix);
  const allLabels = { ...runtime.Labels, ...labels };
  const config: ImageConfig = {
    ...withoutLeftovers(oldConfig),
    created,
    config: { ...runtime, ...(Object.keys(allLabels).length === 0 ? {} : { Labels: allLabels }) },
    rootfs: { type: 'layers', diff_ids: allLayers.map(({ diffId }) => diffId) },
    history: [
      ...baseHistory(base),
      ...steps.map(({ keyword, value }) => ({ created, created_by: `${keyword} ${value}`, empty_layer: true })),
      ...layers.map(({ createdBy }) => ({ created, created_by: createdBy })),
    ],
  };
  const configContent = contentOf(config, mediaTypes.ociConfig);
  const manifest: ImageManifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.ociManifest,
    config: configContent.descriptor,
    layers: allLayers.map(({ descriptor }) => descriptor),
    annotations: {
      ...oldManifest.annotations,
      'org.opencontainers.image.base.digest': base.manifest.descriptor.digest,
      ...(baseReference === undefined ? {} : { 'org.opencontainers.image.base.name': baseReference }),
    },
  };
  return {
    manifest: contentOf(manifest, mediaTypes.ociManifest),
    config: configContent,
    layers: allLayers,
    value: { manifest, config },
  };
}

/** Images of several platforms under one digest; sorted, so that it does not depend on their order. */
export function composeIndex(images: readonly Image[]): MultiImage {
  const entries = images
    .map((image) => ({ platform: platformOf(image.value.config), image }))
    .sort((a, b) => (platformKey(a.platform) < platformKey(b.platform) ? -1 : 1));
  const value = {
    schemaVersion: 2 as const,
    mediaType: mediaTypes.ociIndex,
    manifests: entries.map(({ platform, image }) => ({ ...image.manifest.descriptor, platform })),
  };
  return { index: contentOf(value, mediaTypes.ociIndex), images: entries, value };
}

function platformOf({
  os,
  architecture,
  variant,
  'os.version': version,
}: ImageConfig & { 'os.version'?: unknown }): OciPlatform {
  return {
    os,
    architecture,
    ...(variant === undefined ? {} : { variant }),
    ...(typeof version === 'string' ? { 'os.version': version } : {}),
  };
}

function platformKey(platform: OciPlatform): string {
  return canonicalJson(platform);
}

/** In the form that has the same bytes everywhere. */
export function contentOf(value: unknown, mediaType: string): Content {
  const bytes = Buffer.from(canonicalJson(value));
  return { descriptor: { mediaType, digest: `sha256:${sha256(bytes)}`, size: bytes.length }, bytes };
}

function withEnvironment(config: RuntimeConfig, prefix: string): RuntimeConfig {
  const env = envMap(config);
  const path = env.get('PATH') ?? defaultPath;
  const own = `${prefix}/bin`;
  env.set('PATH', [own, ...path.split(':').filter((folder) => folder !== own)].join(':'));
  env.set('CONDA_PREFIX', prefix);
  env.set('AZUREML_CONDA_ENVIRONMENT_PATH', prefix);
  env.set('PYTHONNOUSERSITE', '1');
  return { ...config, Env: [...env].map(([name, value]) => `${name}=${value}`) };
}

const ociTypes: Readonly<Record<string, string>> = {
  [mediaTypes.dockerLayerGzip]: mediaTypes.ociLayerGzip,
  'application/vnd.docker.image.rootfs.diff.tar': mediaTypes.ociLayer,
  'application/vnd.docker.image.rootfs.diff.tar.zstd': mediaTypes.ociLayerZstd,
  [mediaTypes.dockerForeignLayerGzip]: 'application/vnd.oci.image.layer.nondistributable.v1.tar+gzip',
};

/** Of Docker's media types, what OCI calls the same. */
export function ociDescriptor(descriptor: Descriptor): Descriptor {
  return { ...descriptor, mediaType: ociTypes[descriptor.mediaType] ?? descriptor.mediaType };
}

function withPackages(descriptor: Descriptor, packages: readonly string[]): Descriptor {
  if (packages.length === 0) return descriptor;
  return { ...descriptor, annotations: { ...descriptor.annotations, [packagesKey]: packages.join(', ') } };
}

/** What Docker notes of the container and builder that an image came from is not true of ours. */
const leftovers: ReadonlySet<string> = new Set(['container', 'container_config', 'docker_version', 'id', 'parent']);

function withoutLeftovers(config: ImageConfig): ImageConfig {
  return Object.fromEntries(Object.entries(config).filter(([key]) => !leftovers.has(key))) as ImageConfig;
}

/** One entry for each layer and each step; where the base does not have that, entries that say no more than that there is a layer. */
function baseHistory(base: Image): NonNullable<ImageConfig['history']> {
  const history = base.value.config.history ?? [];
  const counted = history.filter(({ empty_layer: isEmpty }) => isEmpty !== true).length;
  if (counted === base.layers.length) return history;
  return base.layers.map(() => ({ created, created_by: 'base image' }));
}
