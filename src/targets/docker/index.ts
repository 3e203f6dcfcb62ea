/**
 * The Docker target: runs a command in a container of an image, by Docker or Podman.
 *
 * Invariants: the folders of the run stand at the same paths inside; what comes out belongs to the user; values of variables appear in no list of
 * processes; no container outlives the run.
 */
export { type ContainerRunRequest, runInContainer } from './run-in-container.ts';
