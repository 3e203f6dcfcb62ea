import { execFile } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type AzureServer, startAzureServer } from '../../kit/azure-server.ts';
import { pythonTool } from '../../kit/python-tool.ts';

const execute = promisify(execFile);
const installed = await pythonTool('azure-ai-ml', '1.35.2');

/** What it takes to point it here: a cloud of one's own, a credential that is a token, and the authority of the certificate. */
const prelude = `
import json, os, time, warnings
warnings.filterwarnings("ignore")
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError
from azure.ai.ml import MLClient, command
from azure.ai.ml.entities import BuildContext, Environment, Model
class Token:
    def get_token(self, *scopes, **options):
        return AccessToken(os.environ["TOKEN"], int(time.time()) + 3600)
url = os.environ["URL"]
cloud = {
    "azure_portal": url,
    "resource_manager": url + "/",
    "active_directory": url + "/",
    "aml_resource_id": url,
    "storage_endpoint": "localhost",
    "registry_discovery_endpoint": url,
}
client = MLClient(Token(), "any", "any", "team", cloud="terroir", cloud_metadata=cloud)
conda = {"channels": ["conda-forge"], "dependencies": ["python=3.12"]}
def ended(name):
    while (job := client.jobs.get(name)).status not in ("Completed", "Failed", "Canceled"):
        time.sleep(0.1)
    return job
def refused(ask):
    try: ask()
    except HttpResponseError as error: return [error.status_code, error.error.code]
def answer(value): print("ANSWER " + json.dumps(value))
`;

describe.skipIf(installed === undefined)(
  'Azure’s own client for Python, over https (where it can be installed)',
  { timeout: 120_000 },
  () => {
    let azure: AzureServer;
    beforeAll(async () => {
      azure = await startAzureServer();
      await azure.sandbox.write('own.yml', 'name: own\npython: {user_managed: true}\n');
      await azure.sandbox.json(['env', 'create', 'own.yml']);
    });
    afterAll(() => azure.close());

    const run = async (program: string): Promise<unknown> => {
      const python = join(dirname(installed ?? ''), 'python');
      const { sandbox, tokens, url, authority } = azure;
      await writeFile(join(sandbox.folder, 'program.py'), prelude + program);
      const env = {
        PATH: process.env.PATH,
        HOME: sandbox.folder,
        URL: url,
        TOKEN: tokens.contributor,
        REQUESTS_CA_BUNDLE: authority,
      };
      const { stdout } = await execute(python, ['program.py'], { cwd: sandbox.folder, env });
      return JSON.parse(/^ANSWER (.*)$/m.exec(stdout)?.[1] ?? 'null');
    };

    it('manages environments', async () => {
      const answer = await run(`
make = lambda **more: client.environments.create_or_update(Environment(name="iris", image="debian:13", conda_file=conda, **more))
first = make()
again = make(description="of flowers")
other = client.environments.create_or_update(Environment(name="iris", image="debian:12"))
client.environments.archive("iris", version="1")
listed = [each.version for each in client.environments.list("iris")]
client.environments.restore("iris", version="1")
answer([
    first.version, again.version, other.version, client.environments.get("iris", label="latest").version, listed,
    client.environments.get("iris", "1").description, "iris" in [each.name for each in client.environments.list()],
])
`);
      expect(answer).toEqual(['1', '1', '2', '2', ['2'], 'of flowers', true]);
    });

    it('submits jobs, and registers what they made as models', async () => {
      const answer = await run(`
job = client.jobs.create_or_update(command(
    name="train", command="mkdir -p outputs; echo \${{inputs.n}} $A > outputs/model; echo t > \${{outputs.trained}}/t", inputs={"n": 5},
    outputs={"trained": {"type": "uri_folder"}}, environment="own:1", environment_variables={"A": "b"}, tags={"of": "mine"}, display_name="Mine",
))
done = ended("train")
model = client.models.create_or_update(Model(name="m", path="azureml://jobs/train/outputs/artifacts/paths/outputs/model", type="custom_model"))
other = client.models.create_or_update(Model(name="m", path="azureml://jobs/train/outputs/trained", type="custom_model"))
shown = client.models.get("m", version="1")
answer([
    job.name, done.status, done.display_name, dict(done.tags), done.properties["terroir.environment"], [each.name for each in client.jobs.list()],
    [model.version, other.version], shown.properties["terroir.environment"], shown.job_name, client.models.get("m", label="latest").version,
    [[each.name, each.latest_version] for each in client.models.list()],
])
`);
      expect(answer).toEqual([
        'train',
        'Completed',
        'Mine',
        { of: 'mine' },
        'own:1',
        ['train'],
        ['1', '2'],
        'own:1',
        'train',
        '2',
        [['m', '2']],
      ]);
    });

    it('submits jobs with an environment of their own, and cancels them', async () => {
      const answer = await run(`
job = client.jobs.create_or_update(command(name="inline", command="sleep 60", environment=Environment(image="debian:13", conda_file=conda)))
name, version = job.environment.split(":")[-2:] if isinstance(job.environment, str) else ("", "")
shown = client.environments.get("CliV2AnonymousEnvironment", version.split("/")[-1])
try: client.jobs.begin_cancel("inline").result()
except HttpResponseError: pass
answer([name, shown.image, ended("inline").status in ("Canceled", "Failed"), "CliV2AnonymousEnvironment" in [each.name for each in client.environments.list()]])
`);
      expect(answer).toEqual(['CliV2AnonymousEnvironment', 'debian:13', true, false]);
    });

    it('is told what would need a storage account', async () => {
      await mkdir(join(azure.sandbox.folder, 'context'));
      await writeFile(join(azure.sandbox.folder, 'context', 'Dockerfile'), 'FROM debian:13\n');
      const answer = await run(`
answer([
    refused(lambda: client.environments.create_or_update(Environment(name="built", build=BuildContext(path="context")))),
    refused(lambda: client.jobs.create_or_update(command(name="coded", command="ls", code="context", environment="own:1"))),
    refused(lambda: client.models.create_or_update(Model(name="local", path="context"))),
    refused(lambda: client.jobs.archive("train")),
    refused(lambda: client.models.archive("m", version="1")),
])
`);
      expect(answer).toEqual(Array.from({ length: 5 }, () => [422, 'UNSUPPORTED_FEATURE']));
    });
  },
);
