// Registers an environment, trains in it, and keeps the model with what made it.
// node train.mjs                              in the folder’s own workspace
// node train.mjs https://terroir.example.org  on a team’s server; TERROIR_TOKEN holds the token
import { connect } from 'terroir';

const terroir = await connect(process.argv[2]);
try {
  const environment = await terroir.register({ file: 'environment.yml' });
  console.log(`registered ${environment.name}:${environment.version}`);

  const run = await terroir.run({
    environment: `${environment.name}:${environment.version}`,
    code: 'src',
    command: ['python', 'train.py', 'outputs/model.json'],
    displayName: 'the SDK’s example',
  });
  for await (const text of terroir.logs(run.id)) process.stdout.write(text);

  const { status } = await terroir.wait(run.id);
  if (status !== 'Completed') throw new Error(`the run ended as ${status}`);
  const model = await terroir.registerModel({ run: run.id, name: 'example', path: 'outputs/model.json' });
  const shown = await terroir.showModel(`${model.name}:${model.version}`);
  console.log(`kept ${model.name}:${model.version}, trained in ${shown.environment.name}:${shown.environment.version}`);
} finally {
  await terroir.close();
}
