import type { Definition } from '../schema/index.ts';

/** A definition in which the user said nothing. */
export function emptyDefinition(): Definition {
  return {
    python: { userManaged: false },
    bytecode: false,
    environmentVariables: {},
    platforms: [],
    osType: 'linux',
    autoRebuild: 'on_base_image_update',
  };
}
