import type { EngineCall } from './engine-call.ts';

export const engineNames = ['docker', 'podman', 'buildah'] as const;
export type EngineName = (typeof engineNames)[number];

export interface BuildRequest {
  /** The folder. Absolute. */
  context: string;
  /** Absolute, too. */
  dockerfile: string;
  /** What the result is called inside of the engine until it is saved. */
  tag: string;
  /** `linux/arm64`, where it is not the engine's own. */
  platform?: string;
  /** Executes every step, whatever the engine keeps of them. */
  fresh?: boolean;
  /** `host` where the machine's engine has no network of its own. */
  network?: string;
}

export interface Mount {
  source: string;
  target: string;
  readOnly: boolean;
}

export interface ContainerRequest {
  /** By reference, digest or id, as the engine knows it. */
  image: string;
  name: string;
  /** What runs in it, in the place of the image's entry point. */
  words: readonly [string, ...string[]];
  mounts: readonly Mount[];
  /** Names only: the values are taken from the environment of the call, so that no list of processes shows them. */
  variables: readonly string[];
  workingFolder: string;
  /** `1000:1000`; whose the files will be. */
  user?: string;
  labels: Readonly<Record<string, string>>;
  /** A number, or `all`. */
  gpus?: string;
  /** `2g` */
  shmSize?: string;
  network?: string;
  /** As the user wrote them, before the image. */
  extra: readonly string[];
}

/** What an engine can do; each is a call that somebody performs. */
export interface Engine {
  readonly name: EngineName;
  readonly version: string;
  build(request: BuildRequest): EngineCall;
  /** Brings an image from a registry; one of this machine may speak http. */
  pull(reference: string): EngineCall;
  /** Writes an image to a file: a docker-archive or an oci-archive, whichever is the engine's own. */
  save(tag: string, file: string): EngineCall;
  remove(tag: string): EngineCall;
  /** Absent where the engine runs no containers. */
  containers?: {
    /** Reads a docker-archive; answers what the image is called. */
    load(file: string): EngineCall<string>;
    /** The ids (`sha256:…`) of the images that are there: the digests of their configurations, or of their manifests where containerd keeps them. */
    imageIds(): EngineCall<string[]>;
    /** Gives an image another name. */
    tag(image: string, name: string): EngineCall;
    /** The words that run a container to its end, its streams ours. */
    run(request: ContainerRequest): { command: string; args: string[] };
    /** Ends and removes a container, if there is one. */
    end(name: string): EngineCall;
  };
}
