import { appendFile, mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPage, startBrowser } from '../../kit/browser.ts';
import { startServe } from '../../kit/serve.ts';
import { createStudioWorkspace, type StudioWorkspace } from '../../kit/studio-workspace.ts';

let workspace: StudioWorkspace;
let browser: Browser;
let url: string;
beforeAll(async () => {
  [workspace, browser] = await Promise.all([createStudioWorkspace(), startBrowser()]);
  ({ url } = workspace.served);
});
afterAll(async () => {
  await browser?.close();
  await workspace?.close();
});

async function submit(script: string): Promise<string> {
  const answer = await fetch(`${url}/api/v1/runs`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ environment: 'plain', command: ['python3', '-u', '-c', script] }),
  });
  return ((await answer.json()) as { id: string }).id;
}

describe('comparing versions', () => {
  it('shows both definitions, and packages with the direction in which they moved', async () => {
    const { page, complaints, close } = await openPage(browser);
    await page.goto(`${url}/environments/iris`);
    await page.getByRole('link', { name: 'Compare' }).click();
    await page.getByRole('heading', { name: 'Packages' }).waitFor();
    await expect
      .poll(() => page.locator('.side-by-side .from code').allTextContents())
      .toEqual(['  - scikit-learn==1.5.2', '  - numpy==2.1.0', '  - six']);
    const moved = page.locator('.changes .moved', { hasText: 'numpy' });
    await expect.poll(() => moved.textContent()).toBe('↑numpy2.1.0 → 2.2.0');
    await page.getByRole('button', { name: 'Turn round' }).click();
    await expect.poll(() => moved.textContent()).toBe('↓numpy2.2.0 → 2.1.0');
    expect(complaints).toEqual([]);
    await close();
  });
});

describe('runs', () => {
  it('are listed, shown with record and replay command, and compared', async () => {
    const { page, complaints, close } = await openPage(browser);
    await page.goto(`${url}/runs`);
    await page.locator('.run-row', { hasText: 'Failed' }).waitFor();
    await expect.poll(() => page.locator('.virtual-row').count()).toBe(2);
    await page.getByLabel('Status').selectOption('Completed');
    await expect.poll(() => page.locator('.virtual-row').count()).toBe(1);
    await page.locator('.virtual-row a').first().click();
    await page.getByText('fold 2: accuracy 0.973').waitFor();
    await page.getByText(/terroir runs replay \w+/).waitFor();
    await page.getByRole('link', { name: 'Record' }).click();
    await page.getByText('iris-forest:1').waitFor();
    expect(complaints).toEqual([]);
    await close();
  });

  it('show their log as it grows, through a server that goes away and comes back, and no markup in it comes to life', async () => {
    const served = await startServe(workspace.sandbox);
    const { page, close } = await openPage(browser);
    try {
      const id = await submit(
        'import time\nprint("<img src=x onerror=document.title=1> <b>first</b>")\n' +
          'for i in range(40): print("step", i); time.sleep(0.2)\nprint("the last")',
      );
      await page.goto(`${served.url}/runs/${id}`);
      await page.getByText('<b>first</b>').waitFor();
      await page.getByText('step 3').waitFor();
      await served.stop();
      await page.getByText('The server does not answer').waitFor();
      const port = new URL(served.url).port;
      const back = await startServe(workspace.sandbox, ['--port', port]);
      await page.getByText('The server does not answer').waitFor({ state: 'detached' });
      await page.getByText('the last').waitFor({ timeout: 30_000 });
      await page.locator('.log-head', { hasText: 'complete' }).waitFor();
      const text = (await page.locator('.log pre').textContent()) ?? '';
      expect(text.trim().split('\n')).toEqual([
        '<img src=x onerror=document.title=1> <b>first</b>',
        ...Array.from({ length: 40 }, (_, step) => `step ${step}`),
        'the last',
      ]);
      expect(await page.locator('.log img').count()).toBe(0);
      await page.locator('.title-line', { hasText: 'Completed' }).waitFor();
      await back.stop();
    } finally {
      await close();
    }
  });

  it('show the end of a log of 100 MB at once, and its beginning to who scrolls there', async () => {
    const id = await submit('print("small")');
    const folder = join(workspace.sandbox.folder, '.terroir');
    const file = await logOf(folder, id);
    const line = `${'x'.repeat(120)}\n`.repeat(8000);
    for (let at = 0; at < 104; at += 1) await appendFile(file, line);
    await appendFile(file, 'the very end\n');
    const { page, close } = await openPage(browser);
    const startedAt = Date.now();
    await page.goto(`${url}/runs/${id}`);
    await page.getByText('the very end').waitFor();
    expect(Date.now() - startedAt).toBeLessThan(5000);
    const box = page.getByRole('log');
    const heightOf = (): Promise<number> => box.evaluate((element) => element.scrollHeight);
    const before = await heightOf();
    await box.evaluate((element) => {
      element.scrollTop = 0;
    });
    await expect.poll(heightOf).toBeGreaterThan(before * 1.5);
    expect(await page.locator('.log pre').textContent()).not.toContain('small');
    await close();
  });
});

describe('models', () => {
  it('tell what trained them', async () => {
    const { page, complaints, close } = await openPage(browser);
    await page.goto(`${url}/models`);
    await page.getByRole('link', { name: 'iris-forest:1' }).click();
    await page.getByRole('link', { name: 'plain:1' }).waitFor();
    expect(complaints).toEqual([]);
    await close();
  });
});

async function logOf(folder: string, id: string): Promise<string> {
  for (;;) {
    const found = (await readdir(folder, { recursive: true })).find((path) => path.endsWith(`${id}/logs/output.log`));
    const status = await fetch(`${url}/api/v1/runs/${id}`).then(
      async (answer) => (await answer.json()) as { status: string },
    );
    if (found !== undefined && status.status === 'Completed') return join(folder, found);
    await mkdir(folder, { recursive: true });
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
