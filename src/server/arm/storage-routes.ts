import { AppError } from '../../errors/index.ts';
import { type Route, route } from '../route.ts';
import { type AddressOf, workspacesPath } from './address.ts';

/**
 * Where Azure's clients would put folders of code, build contexts and models from their machine: a storage account, by its own protocol and under
 * names of its own. There is none, and the client shall say so, and not that an address is missing.
 */
export function storageRoutes(addressOf: AddressOf): Route[] {
  const places = ['datastores', 'datastores/*', 'codes', 'codes/*'];
  return (['GET', 'PUT', 'POST'] as const).flatMap((method) =>
    places.map((place, index) =>
      route({
        method,
        path: `${workspacesPath}/:workspace/${place}`,
        role: method === 'GET' ? 'reader' : 'contributor',
        id: `armRefuseStorage${method}${index}`,
        tag: 'azure',
        summary: 'Refused: files do not come by way of a storage account',
        answers: {},
        handle: async ({ params }) => {
          addressOf(params);
          throw new AppError(
            'UNSUPPORTED_FEATURE',
            'this workspace has no storage account that files could be put into',
            {
              hint:
                'Register build contexts with `terroir env create` or `POST /api/v1/environments`; run code with `terroir run` or `POST /api/v1/runs`; ' +
                'register models as outputs of jobs.',
            },
          );
        },
      }),
    ),
  );
}
