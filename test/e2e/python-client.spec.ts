import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startWorker } from '../../src/app/index.ts';
import { pushBase } from '../kit/push-base.ts';
import { type PypiIndex, startPypiIndex } from '../kit/pypi-index.ts';
import { pythonsForTests } from '../kit/pythons.ts';
import { type RegistryProcess, startDockerRegistry } from '../kit/registry/docker-registry.ts';
import { createTestServer, type TestServer } from '../kit/server.ts';
import { uvForTests } from '../kit/uv.ts';
import { makeWheel } from '../kit/wheel.ts';

const root = join(import.meta.dirname, '..', '..');
/** Asynchronous: the server answers from this process. */
const execute = promisify(execFile);

const [oldest] = await pythonsForTests();

describe('the Python client, as a wheel in an environment of its own', () => {
  let index: PypiIndex;
  let bases: RegistryProcess;
  let server: TestServer;
  let folder: string;
  let python: string;
  beforeAll(async () => {
    index = await startPypiIndex([makeWheel({ name: 'alpha', version: '1.0' })]);
    bases = await startDockerRegistry({ root: join(await mkdtemp(join(tmpdir(), 'terroir-bases-')), 'data') });
    await pushBase(`${bases.host}/base:1`);
    server = await createTestServer({ withTokens: true, env: { PIP_INDEX_URL: index.url } });
    folder = await mkdtemp(join(tmpdir(), 'terroir-python-'));
    await cp(join(root, 'python'), join(folder, 'source'), { recursive: true });
    const uv = (await uvForTests()).path;
    const env = { PATH: process.env.PATH, HOME: folder, UV_CACHE_DIR: join(folder, 'cache'), UV_OFFLINE: '1' };
    const options = { env, cwd: folder };
    await execute(uv, ['build', '--wheel', '--out-dir', 'wheels', 'source'], options);
    await execute(uv, ['venv', '--python', oldest?.executable ?? '', 'venv'], options);
    python = join(folder, 'venv', 'bin', 'python');
    const wheel = (await readdir(join(folder, 'wheels'))).find((name) => name.endsWith('.whl')) ?? '';
    await execute(uv, ['pip', 'install', '--python', python, '--no-index', join('wheels', wheel)], options);
  });
  afterAll(async () => {
    await server.close();
    await index.close();
    await bases.stop();
    await rm(folder, { recursive: true });
  });

  const run = async (program: string, token = server.tokens.contributor): Promise<unknown> => {
    await writeFile(join(folder, 'program.py'), `import json\nfrom terroir import *\nimport terroir\n${program}`);
    const env = { PATH: process.env.PATH, HOME: folder, TERROIR_URL: server.url, TERROIR_TOKEN: token };
    const { stdout } = await execute(python, ['program.py'], { cwd: folder, env });
    return JSON.parse(stdout);
  };

  it('registers with the files that a definition names, and looks up', async () => {
    await writeFile(join(folder, 'packed.yml'), 'name: packed\nrequirements: more.txt\n');
    await writeFile(join(folder, 'more.txt'), '-r most.txt\n');
    await writeFile(join(folder, 'most.txt'), 'alpha==1.0\n');
    const answer = await run(`
client = Client()
made = client.register("packed.yml", tags={"team": "green"}, description="first")
assert client.register("packed.yml", tags={"team": "green"}, description="first") == made
assert client.environment("packed") == client.environment("packed@latest") == client.environment("azureml:packed:1") == made
lock = client.lock("packed:1")
client.archive("packed:1"); archived = len(client.versions("packed")); client.restore("packed:1")
page = client.environments(search="PACK", category="custom", tags=["team=green"], sort="-name", limit=1)
assert client.environments(tags=["team=red"]) == [] == client.versions("packed", tags=["none"], sort="created")
assert client.versions("packed", tags=["team"], sort="created") == [made]
print(json.dumps([made["tags"], lock["lock"]["packages"][0]["name"], archived, [e["name"] for e in page], page.next]))
`);
    expect(answer).toEqual([{ team: 'green' }, 'alpha', 0, ['packed'], null]);
  });

  it('registers a build context', async () => {
    const answer = await run(`
import os
os.makedirs("docker/context"); open("docker/context/Dockerfile", "w").write("FROM debian:13\\nCOPY x /x\\n"); open("docker/context/x", "w").write("x")
open("docker/environment.yml", "w").write("name: built\\nbuild:\\n  path: context\\n")
print(json.dumps(Client().register("docker/environment.yml")["definition"]["build"]["dockerfilePath"]))
`);
    expect(answer).toBe('Dockerfile');
  });

  it('builds images, telling how it goes, and takes them from the cache', async () => {
    await writeFile(
      join(folder, 'image.yml'),
      `name: image\nimage: ${bases.host}/base:1\npython: {version: "3.11"}\nrequirements: [alpha]\n`,
    );
    const answer = await run(`
client = Client()
client.register("image.yml")
steps = []
[built] = client.build("image", on_progress=lambda each: steps.append(each["title"]) if each["type"] == "step-finished" else None)
[cached] = client.build("azureml:image:1", ["linux-64"])
shown = client.image("image@latest", "linux-64", revision=1)
assert cached["digest"] == built["digest"] == shown["digest"]
asked = client.submit_build("image", rebuild=True, priority=7)
assert [each["platform"] for each in client.images_of(asked["id"])] == ["linux-64"]
page = client.builds(environment="image", limit=2)
assert client.build_record(page[0]["id"]) == page[0] and page[0]["id"] == asked["id"] and page.next
assert len(client.builds(status="Completed", cursor=page.next)) == 1 and client.builds(status="Failed") == []
print(json.dumps([[built["source"], cached["source"]], page[0]["priority"], [p for layer in built["layers"] for p in layer["packages"]], steps]))
`);
    expect(answer).toEqual([
      ['built', 'workspace'],
      7,
      ['alpha 1.0'],
      expect.arrayContaining(['Composing the image for linux-64']),
    ]);
  });

  it('goes on with the log of a build where a connection broke off', async () => {
    const answer = await run(`
import socket, threading
client = Client()
[id] = [each["id"] for each in client.builds(environment="image", limit=1)]
whole = list(client.follow_build(id))
# Between the two, one that lets 300 bytes of each answer's events pass.
host, port = client._api.url.split("//")[1].split(":")
between, asked = socket.create_server(("127.0.0.1", 0)), []
def pass_on(one):
    request = one.recv(65536)
    asked.append(request)
    with socket.create_connection((host, int(port))) as other:
        other.sendall(request)
        reader = other.makefile("rb")
        while (line := reader.readline()) != b"\\r\\n":
            one.sendall(line)
        one.sendall(line + reader.read(300))
    one.close()
def serve():
    while True:
        threading.Thread(target=pass_on, args=(between.accept()[0],), daemon=True).start()
threading.Thread(target=serve, daemon=True).start()
broken = Client(f"http://127.0.0.1:{between.getsockname()[1]}")
print(json.dumps([list(broken.follow_build(id)) == whole, len(whole) > 3, len(asked) > 2, b"last-event-id" in asked[-1].lower()]))
`);
    expect(answer).toEqual([true, true, true, true]);
  });

  it('submits, follows, waits, and keeps models', async () => {
    const answer = await run(`
import os
client = Client()
open("own.yml", "w").write("name: own\\npython: {user_managed: true}\\n")
client.register("own.yml")
os.makedirs("code/lib", exist_ok=True)
open("code/.env", "w").write("SECRET=1")
open("code/lib/tool.py", "w").write("word = 'é'")
open("code/train.py", "w").write("""
import os, sys, time
from lib.tool import word
print(word, sys.argv[1], os.environ["KEY"], flush=True)
time.sleep(0.5)
print("end", os.path.exists(".env"))
open("outputs/m", "w").write("m")
""")
run = client.submit(environment="own", command=["python3", "train.py", "a b"], code="code", variables={"KEY": "secret:K"}, secrets={"K": "hush-hush-hush"})
text = "".join(client.logs(run["id"]))
ended = client.wait(run["id"], timeout=60)
model = client.register_model(run["id"], "m", "outputs/m", tags={"a": "b"})
shown = client.model("m:1")
assert client.model("m") == shown and client.models(name="m", run=run["id"], sort="created") == [model] and client.models(run="none") == [] and client.runs(environment="own")[0] == client.run(run["id"])
job = client.submit(job="job.yml", inputs={"n": "2"}) if open("job.yml", "w").write("command: echo \${{inputs.n}}\\nenvironment: azureml:own:1\\ninputs: {n: 1}\\n") else None
print(json.dumps([text, ended["status"], shown["environment"]["name"], "".join(client.logs(job["id"]))]))
`);
    expect(answer).toEqual(['é a b hush-hush-hush\nend False\n', 'Completed', 'own', '2\n']);
  });

  it('sends runs to workers by their name, and says which come first', async () => {
    const worker = await startWorker(server.app, { parallel: 1, name: 'box', onlyNamed: true });
    const answer = await run(`
client = Client()
try: client.submit(environment="own", command=["true"], compute="nobody-there")
except TerroirError as error: refused = error.message
run = client.wait(client.submit(environment="own", command=["true"], compute="box", priority=3)["id"])
both = client.submit(environment="own", command=["true"], compute="box", target="docker")
client.wait(both["id"])
print(json.dumps([refused, run["status"], run["compute"], run["worker"], run["target"], both["target"]]))
`);
    expect(answer).toEqual(['there is no target `nobody-there`', 'Completed', 'box', 'box', 'local', 'docker']);
    await worker.stop();
  });

  it('takes a build back that is interrupted while it waits', async () => {
    const answer = await run(`
import signal, time
client = Client()
busy = [client.submit(environment="own", command=["sleep", "60"])["id"] for _ in range(4)]
while [client.run(id)["status"] for id in busy] != ["Running"] * 4: time.sleep(0.05)
def interrupt(*_): raise KeyboardInterrupt
signal.signal(signal.SIGALRM, interrupt)
signal.setitimer(signal.ITIMER_REAL, 0.5)
try: client.build("image", rebuild=True)
except KeyboardInterrupt: status = client.builds(limit=1)[0]["status"]
for id in busy: client.cancel(id)
for id in busy: client.wait(id)
print(json.dumps(status))
`);
    expect(answer).toBe('Canceled');
  });

  it('cancels, and does not wait for ever', async () => {
    const answer = await run(`
client = Client()
run = client.submit(environment="own", command=["sleep", "60"])
try: client.wait(run["id"], timeout=0.3)
except TimeoutError: late = True
client.cancel(run["id"])
print(json.dumps([late, client.wait(run["id"])["status"]]))
`);
    expect(answer).toEqual([true, 'Canceled']);
  });

  it.each<[string, string, string]>([
    ['an environment that is not there', 'client.environment("nobody")', 'ENVIRONMENT_NOT_FOUND'],
    ['the log of a run that is not there', 'list(client.logs("nobody"))', 'RUN_NOT_FOUND'],
    ['an image of what has no base', 'client.build(client.register("own.yml")["name"])', 'UNSUPPORTED_FEATURE'],
    ['a wrong token', 'Client(token="wrong").me()', 'UNAUTHORIZED'],
    ['nobody there', 'Client("http://127.0.0.1:1").me()', 'UNREACHABLE'],
    ['another server', 'Client(client._api.url + "/api/v1/nothing").me()', 'ROUTE_NOT_FOUND'],
  ])('says what is wrong with %s, by a code', async (_title, call, code) => {
    const program = `
client = Client()
try: ${call}
except TerroirError as error: print(json.dumps(error.code))
`;
    expect(await run(program)).toBe(code);
  });

  it('has the types that the description of the API has', async () => {
    const types = (await run(`
import typing
names = ["Version", "Environment", "Image", "Build", "Model", "ShownModel", "Run", "Caller"]
print(json.dumps({name: sorted(typing.get_type_hints(getattr(terroir, name))) for name in names}))
`)) as Record<string, string[]>;
    const { body } = await server.call('GET /api/v1/openapi.json');
    const answers: [string, string, string][] = [
      ['Version', '/api/v1/environments/{name}/versions/{version}', '200'],
      ['Environment', '/api/v1/environments/{name}', '200'],
      ['Image', '/api/v1/environments/{name}/versions/{version}/image', '200'],
      ['Build', '/api/v1/builds/{id}', '200'],
      ['Caller', '/api/v1/me', '200'],
      ['ShownModel', '/api/v1/models/{name}', '200'],
      ['Run', '/api/v1/runs/{id}', '200'],
    ];
    for (const [name, path, status] of answers) {
      const { content } = body.paths[path].get.responses[status];
      const reference = content['application/json'].schema.$ref as string | undefined;
      const schema =
        reference === undefined
          ? content['application/json'].schema
          : body.components.schemas[reference.split('/').at(-1) ?? ''];
      expect(Object.keys(schema.properties)).toEqual(expect.arrayContaining(types[name] ?? ['none']));
    }
  });
});
