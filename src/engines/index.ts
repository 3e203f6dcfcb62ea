/**
 * Container engines (Docker, Podman, Buildah): for Docker steps that execute something, for build contexts, and for runs in an image.
 *
 * Invariants: a call is a value (the words, and how to read the answer), made without side effects and performed in one place; an engine is used
 * only if it answered; what a build leaves in an engine is removed again. Nothing else of Terroir needs an engine.
 */
export type { BuildRequest, ContainerRequest, Engine, EngineName, Mount } from './engine.ts';
export { type EngineCall, type PerformOptions, perform } from './engine-call.ts';
export { chooseEngine, type EngineState, findEngines } from './find-engines.ts';
export { isOfThisMachine } from './plain-registry.ts';
