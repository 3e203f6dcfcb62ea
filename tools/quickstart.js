// The README's first command: registers and runs the example, and shows what is on record. Old JavaScript: runs on any Node.
import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const terroir = join(root, 'bin', 'terroir.js');

const isPlain = Boolean(process.env.NO_COLOR) || !process.stderr.isTTY;
function paint(code, text) {
  return isPlain ? text : `\u001B[${code}m${text}\u001B[0m`;
}

function run(args, options = {}) {
  const shown = ['terroir'].concat(args).join(' ');
  if (!options.silent) process.stderr.write(`\n${paint(2, '$')} ${paint(1, shown)}\n`);
  const result = spawnSync(process.execPath, [terroir].concat(args), {
    cwd: root,
    stdio: ['inherit', options.capture ? 'pipe' : 'inherit', 'inherit'],
    encoding: 'utf8',
  });
  if (result.status !== 0) process.exit(result.status === null ? 1 : result.status);
  return result.stdout;
}

run(['env', 'create', 'examples/iris/environment.yml']);
run(['run', 'examples/iris/job.yml']);
const last = JSON.parse(run(['runs', 'list', '--limit', '1', '--json'], { capture: true, silent: true })).items[0].id;
run(['model', 'register', '--run', last, '--name', 'iris', '--path', 'outputs/model']);
run(['runs', 'show', last]);
const next = [
  ['npm run quickstart', 'the same again: everything is cached, and it starts at once'],
  [`npx terroir runs replay ${last}`, 'the same snapshot with the same packages'],
  ['npx terroir model show iris:1', 'the environment that trained the model'],
  ['npx terroir env lock iris', 'the exact packages, with their digests'],
  ['npx terroir env check iris', 'what could be better in the definition'],
  ['npx terroir --help', 'everything else'],
];
const width = Math.max.apply(
  undefined,
  next.map((line) => line[0].length),
);
const lines = next.map((line) => `  ${line[0].padEnd(width)}  ${line[1]}`);
process.stderr.write(['', 'Next:'].concat(lines, '').join('\n'));
