/** The studio with 100,000 environments, in a real browser: first views from nothing, searching, and scrolling to the end. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { openPage, startBrowser } from '../test/kit/browser.ts';
import { fillVersions } from './fill-versions.ts';
import { machineShape, median } from './measure.ts';
import { layOutPackage } from './package.ts';
import { startServer } from './start-server.ts';

const environments = 100_000;
/** Pixels. */
const rowHeight = 48;
/** Pixels for each frame: 100 rows a second. */
const pace = 80;
const scrolling = 10_000;
/** A frame at 60 a second, and as much again: one was left out. */
const late = 25;

export async function benchStudio({ repeats }: { repeats: number }): Promise<void> {
  const work = mkdtempSync(join(tmpdir(), 'terroir-bench-studio-'));
  const folder = join(work, 'workspace');
  await fillVersions({ folder }, { environments, versions: 1 });
  const server = await startServer(layOutPackage(join(work, 'package')), { folder });
  const browser = await startBrowser();
  console.log(
    `machine: ${machineShape()}; Chromium ${browser.version()}; ${environments.toLocaleString('en')} environments`,
  );
  try {
    for (const path of ['/', '/environments', '/environments/vision-model-000000'])
      await showFirstView(browser, server.url + path, { path, repeats });
    const { page, close } = await openPage(browser);
    await page.goto(`${server.url}/environments`);
    await page.locator('.virtual-row').first().waitFor();
    await showSearch(page);
    await showScrolling(page);
    await close();
  } finally {
    await browser.close();
    await server.stop();
    rmSync(work, { recursive: true, force: true });
  }
}

/** Each in a context of its own: nothing is in the browser's cache. */
async function showFirstView(
  browser: Browser,
  url: string,
  { path, repeats }: { path: string; repeats: number },
): Promise<void> {
  const painted: number[] = [];
  const whole: number[] = [];
  let script = 0;
  for (let round = 0; round < repeats; round += 1) {
    const { page, close } = await openPage(browser);
    script = 0;
    page.on('response', (answer) => {
      if (answer.url().endsWith('.js')) script += Number(answer.headers()['content-length'] ?? 0);
    });
    const startedAt = performance.now();
    await page.goto(url, { waitUntil: 'commit' });
    await page
      .locator(path === '/environments' ? '.virtual-row a' : 'h1')
      .first()
      .waitFor();
    whole.push(performance.now() - startedAt);
    painted.push(await firstPaint(page));
    await close();
  }
  console.log(
    `first view of ${path}: first paint ${median(painted).toFixed(0)} ms, with data ${median(whole).toFixed(0)} ms (limit 1000 ms), script ${(script / 1000).toFixed(0)} kB compressed (limit 200 kB)`,
  );
}

/** The browser notes it a moment after it has painted. */
async function firstPaint(page: Page): Promise<number> {
  for (;;) {
    const entry = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? null";
    const at = await page.evaluate<number | null>(entry);
    if (at !== null) return at;
    await page.waitForTimeout(50);
  }
}

async function showSearch(page: Page): Promise<void> {
  const times: number[] = [];
  for (const [text, name] of [
    ['model-099999', 'pricing-model-099999'],
    ['fraud-model-05', 'fraud-model-050006'],
    ['speech', 'speech-model-000001'],
  ] as const) {
    const startedAt = performance.now();
    await page.getByRole('searchbox').fill(text);
    await page.locator('.virtual-row').first().getByText(name).waitFor();
    times.push(performance.now() - startedAt);
  }
  await page.getByRole('searchbox').fill('');
  console.log(`search: ${times.map((time) => time.toFixed(0)).join(', ')} ms until the rows are there`);
}

/** What the browser says of its frames while somebody scrolls, and again at the end when all of the rows are there. */
async function showScrolling(page: Page): Promise<void> {
  const scroll = async (): Promise<{ frames: number; late: number; longest: number; rows: number }> =>
    await page.evaluate(
      `new Promise((resolve) => {
        const box = document.querySelector('.virtual');
        const startedAt = performance.now();
        let before = startedAt, frames = 0, late = 0, longest = 0;
        const step = (now) => {
          const took = now - before;
          before = now;
          if (frames > 0) { longest = Math.max(longest, took); if (took > ${late}) late += Math.round(took / 16.7) - 1; }
          frames += 1;
          box.scrollTop += ${pace};
          if (now - startedAt < ${scrolling}) requestAnimationFrame(step);
          else resolve({ frames, late, longest, rows: Math.round(box.scrollHeight / ${rowHeight}) });
        };
        requestAnimationFrame(step);
      })`,
    );
  const show = (what: string, { frames, late: missed, longest, rows }: Awaited<ReturnType<typeof scroll>>): void =>
    console.log(
      `${what}: ${((1000 * frames) / scrolling).toFixed(0)} frames a second, ${missed} left out, longest ${longest.toFixed(0)} ms; ${rows.toLocaleString('en')} rows so far`,
    );
  show('scrolling while rows come', await scroll());
  await page.evaluate(
    `new Promise((resolve) => {
      const box = document.querySelector('.virtual');
      let still = 0, height = 0;
      const timer = setInterval(() => {
        box.scrollTop = box.scrollHeight;
        still = box.scrollHeight === height ? still + 1 : 0;
        height = box.scrollHeight;
        if (still > 100) { clearInterval(timer); resolve(); }
      }, 20);
    })`,
  );
  await page.evaluate("document.querySelector('.virtual').scrollTop /= 2");
  show('scrolling in the middle of all', await scroll());
}
