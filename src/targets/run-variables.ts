/** What a script may want to know of its run. */
export interface RunFacts {
  runId: string;
  experimentName?: string | null;
  environment: { name: string; version: string };
  /** The folder whose content is kept as the run's outputs. */
  outputsFolder: string;
  /** Absolute paths by name. */
  inputs?: Readonly<Record<string, string>>;
  outputs?: Readonly<Record<string, string>>;
}

/** Holds the run's id; no process but the run's own ones are started with its value. */
export const runIdVariable = 'TERROIR_RUN_ID';

/** The variables that tell a script of its run, with Azure ML's names where it has one. */
export function runVariables({
  runId,
  experimentName,
  environment,
  outputsFolder,
  inputs = {},
  outputs = {},
}: RunFacts): Record<string, string> {
  const variables: Record<string, string> = {
    [runIdVariable]: runId,
    TERROIR_ENVIRONMENT: `${environment.name}:${environment.version}`,
    TERROIR_OUTPUTS: outputsFolder,
    AZUREML_RUN_ID: runId,
  };
  if (experimentName) variables.AZUREML_EXPERIMENT_NAME = experimentName;
  for (const [name, path] of Object.entries(inputs)) variables[`AZURE_ML_INPUT_${name}`] = path;
  for (const [name, path] of Object.entries(outputs)) variables[`AZURE_ML_OUTPUT_${name}`] = path;
  return variables;
}
