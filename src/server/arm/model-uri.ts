import { AppError } from '../../errors/index.ts';

/** Where a model comes from. */
export interface ModelSource {
  run: string;
  /** As `terroir model register --path` takes it. */
  path: string;
}

/** Azure keeps what a script writes to `outputs` as the output `artifacts`. */
const artifacts = 'artifacts';

/**
 * Reads `azureml://jobs/JOB/outputs/OUTPUT/paths/PATH` (also with the workspace before `jobs`) and MLflow's `runs:/JOB/PATH`.
 * @throws AppError UNSUPPORTED_FEATURE for a model that no job here made.
 */
export function readModelUri(uri: string): ModelSource {
  const [, mlflowRun, mlflowPath] = /^runs:\/([^/]+)\/(.+)$/.exec(uri) ?? [];
  if (mlflowRun !== undefined && mlflowPath !== undefined) return { run: mlflowRun, path: clean(mlflowPath) };
  const [, run, output, path = ''] =
    /^azureml:\/\/(?:.*\/)?jobs\/([^/]+)\/outputs\/([^/]+)(?:\/paths\/(.*))?$/.exec(uri) ?? [];
  if (run !== undefined && output === artifacts && path !== '') return { run, path: clean(path) };
  if (run !== undefined && output !== undefined && output !== artifacts)
    return { run, path: clean(`outputs/${output}/${path}`) };
  throw new AppError('UNSUPPORTED_FEATURE', `the model’s \`modelUri\` is \`${uri}\`, which no job here made`, {
    hint: 'A model is an output of a job, so that it is known what trained it: `azureml://jobs/JOB/outputs/artifacts/paths/outputs/model`.',
  });
}

export function modelUri({ run, path }: ModelSource): string {
  return `azureml://jobs/${run}/outputs/${artifacts}/paths/${path}`;
}

function clean(path: string): string {
  return path.replaceAll(/\/+/g, '/').replace(/\/$/, '');
}
