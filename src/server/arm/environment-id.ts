import { AppError } from '../../errors/index.ts';
import type { AddressOf } from './address.ts';

const pattern =
  /^(?:azureml:)?\/?subscriptions\/([^/]+)\/resourceGroups\/([^/]+)\/providers\/Microsoft\.MachineLearningServices\/workspaces\/([^/]+)\/environments\/([^/]+)(?:\/(versions|labels)\/([^/]+))?$/i;

/**
 * The reference that an environment's resource id means here; what is no resource id is taken for a reference (`azureml:iris:3`).
 * @throws AppError WORKSPACE_NOT_FOUND for the environment of another workspace.
 */
export function environmentOfId(id: string, addressOf: AddressOf): string {
  const [whole, subscription = '', group = '', workspace = '', name = '', kind, value] = pattern.exec(id) ?? [];
  if (whole === undefined) return id;
  addressOf({ subscription, group, workspace });
  if (kind === undefined || value === undefined) return name;
  return `${name}${kind.toLowerCase() === 'versions' ? ':' : '@'}${decoded(value, id)}`;
}

function decoded(text: string, id: string): string {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    throw new AppError('USAGE', `\`${id}\` is no resource id`, { cause });
  }
}
