/**
 * `npm run bench -- [prefix|workspace|overhead|registry|solve|conda|images [W-sci|W-torch|W-cuda]|bytecode|studio|server [sqlite|postgresql] [submissions|lists]]
 * [--repeats N]`: measures side by side in one run, and prints ratios.
 */
import { parseArgs } from 'node:util';
import { benchBytecode } from './bytecode.ts';
import { benchConda } from './conda.ts';
import { benchCondaSolve } from './conda-solve.ts';
import { benchImages } from './images.ts';
import { benchOverhead } from './overhead.ts';
import { benchPrefix } from './prefix.ts';
import { benchRegistry } from './registry.ts';
import { benchServer } from './server.ts';
import { benchStudio } from './studio.ts';
import { measureWorkspace } from './workspace.ts';

const { positionals, values } = parseArgs({
  allowPositionals: true,
  options: { repeats: { type: 'string', default: '7' } },
});
const wanted = positionals.length === 0 ? ['prefix', 'overhead', 'workspace', 'solve', 'conda'] : positionals;
const repeats = Number(values.repeats);

await import('../tools/bundle.ts');
if (wanted.includes('prefix')) await benchPrefix({ repeats });
if (wanted.includes('overhead')) await benchOverhead({ repeats });
if (wanted.includes('conda')) await benchConda({ repeats });
if (wanted.includes('solve')) await benchCondaSolve({ repeats: Math.min(repeats, 3) });
if (wanted.includes('registry')) await benchRegistry({ repeats: Math.min(repeats, 5) });
if (wanted.includes('images')) await benchImages({ repeats, wanted });
if (wanted.includes('bytecode')) await benchBytecode({ repeats });
if (wanted.includes('server')) await benchServer({ wanted, profile: process.env.TERROIR_PROFILE });
if (wanted.includes('studio')) await benchStudio({ repeats: Math.min(repeats, 5) });
if (wanted.includes('workspace')) console.log(await measureWorkspace());
