import type * as useCases from '../app/index.ts';
import { readPlatform } from '../app/index.ts';
import { AppError } from '../errors/index.ts';
import { step } from '../report/index.ts';
import type { Connection } from './connection.ts';
import type { Definitions } from './definitions.ts';
import { versionPath } from './paths.ts';

type ImageView = useCases.ImageView;

/** Images are built there, and kept in the server's registry. */
// oxlint-disable-next-line typescript/explicit-function-return-type -- its type is what it makes
export function createImageCalls({ api, emit }: Connection, { settle }: Definitions) {
  return {
    buildImages: async (reference: string, request: useCases.BuildRequest): Promise<ImageView[]> => {
      const { platforms, rebuild } = request;
      refuseMachines(request);
      const path = `${versionPath(await settle(reference))}/images`;
      const build = async (): Promise<ImageView[]> => {
        const body = { platforms, rebuild };
        return (await api.json<{ items: ImageView[] }>({ method: 'POST', path, body, waits: true })).items;
      };
      return await step(emit, `Building on ${api.url}`, build);
    },

    showImage: async (
      reference: string,
      { platform, revision }: { platform?: string; revision?: number } = {},
    ): Promise<ImageView> => {
      const path = `${versionPath(await settle(reference))}/image`;
      return await api.json({ path, query: { platform: readPlatform(platform), revision } });
    },
  };
}

/** Its engines, its disk and its credentials are the server's own matter. */
function refuseMachines({ push, outputs, engine }: useCases.BuildRequest): void {
  const given =
    push !== undefined ? '--push' : outputs.length > 0 ? '--output' : engine !== undefined ? '--engine' : undefined;
  if (given === undefined) return;
  throw new AppError('USAGE', `${given} is for builds on this machine, and the server builds`, {
    hint:
      given === '--engine'
        ? 'The server takes the engine that it has.'
        : 'Build it, then bring it elsewhere: `terroir image copy SERVER/REPOSITORY@DIGEST PLACE`, or `terroir env share`.',
  });
}
