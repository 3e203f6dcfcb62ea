import { describe } from 'vitest';
import { buildsContract } from './builds-contract.ts';
import { contentContract } from './content-contract.ts';
import { environmentsContract } from './environments-contract.ts';
import { imagesContract } from './images-contract.ts';
import { locksContract } from './locks-contract.ts';
import { peopleContract } from './people-contract.ts';
import type { WorkspacePlace } from './place.ts';
import { runsContract } from './runs-contract.ts';

/** What a workspace has to do, on whatever database it is kept. */
export function workspaceContract(database: string, place: WorkspacePlace): void {
  describe(`a workspace on ${database}`, () => {
    environmentsContract(place);
    locksContract(place);
    imagesContract(place);
    runsContract(place);
    buildsContract(place);
    contentContract(place);
    peopleContract(place);
  });
}
