import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findBarriers } from '../../kit/axe.ts';
import { openPage, startBrowser } from '../../kit/browser.ts';
import { pushBase } from '../../kit/push-base.ts';
import { type PypiIndex, startPypiIndex } from '../../kit/pypi-index.ts';
import { type RegistryProcess, startDockerRegistry } from '../../kit/registry/docker-registry.ts';
import { createSandbox, type Sandbox } from '../../kit/sandbox.ts';
import { type Served, startServe } from '../../kit/serve.ts';
import { makeWheel } from '../../kit/wheel.ts';

let folder: string;
let registry: RegistryProcess;
let index: PypiIndex;
let sandbox: Sandbox;
let served: Served;
let browser: Browser;
let url: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'terroir-studio-builds-'));
  const wheel = (name: string) =>
    makeWheel({
      name,
      version: '1.0',
      files: { [`${name}.bin`]: noise(200_000) },
      metadata: ['License-Expression: BSD-3-Clause'],
    });
  [registry, index, browser] = await Promise.all([
    startDockerRegistry({ root: join(folder, 'registry') }),
    startPypiIndex(['grape', 'must', 'lees', 'marc'].map(wheel)),
    startBrowser(),
  ]);
  await pushBase(`${registry.host}/base:1`);
  sandbox = await createSandbox({ index: index.url });
  const create = async (name: string, ...requirements: string[]): Promise<void> => {
    const text = `name: ${name}\nimage: ${registry.host}/base:1\npython: {version: "3.11"}\nrequirements: [${requirements.join(', ')}]\n`;
    await sandbox.write(`${name}.yml`, text);
    await sandbox.json(['env', 'create', `${name}.yml`]);
  };
  await create('iris', 'grape');
  await create('rose', 'grape==1.0', 'must');
  await create('blend', 'grape==1.0');
  await create('ferment', 'lees');
  await create('still', 'marc');
  await create('lost', 'absent');
  served = await startServe(sandbox);
  ({ url } = served);
}, 60_000);
afterAll(async () => {
  await browser?.close();
  await served?.stop();
  await registry?.stop();
  await index?.close();
  await sandbox?.remove();
  await rm(folder, { recursive: true, force: true });
});

const titles = (page: Page): Promise<string[]> => page.locator('.steps .step-title').allTextContents();

describe('the image of an environment', { timeout: 60_000 }, () => {
  it('is built in place, with its steps, and leads to the page of the build', async () => {
    const { page, complaints, close } = await openPage(browser);
    await page.goto(`${url}/environments/iris?tab=image`);
    await page.getByRole('button', { name: 'Build', exact: true }).click();
    await page.getByRole('heading', { name: 'Layers' }).waitFor({ timeout: 30_000 });
    await page.locator('.layers tr', { hasText: 'grape 1.0' }).waitFor();
    await page.getByRole('link', { name: 'The last build' }).click();
    await page.getByRole('heading', { name: 'Image of iris:1' }).waitFor();
    await page.locator('.title-line', { hasText: 'Completed' }).waitFor();
    await page.locator('.steps', { hasText: 'Composing the image for linux-64' }).waitFor();
    expect((await titles(page)).filter((title) => !/: (?:done|from the cache)$/.test(title))).toEqual([]);
    await page.getByRole('link', { name: 'linux-64' }).click();
    await page.getByRole('heading', { name: 'Layers' }).waitFor();
    await page.goto(`${url}/environments/iris?tab=packages`);
    await page.locator('.package-row', { hasText: 'grape' }).getByText('BSD-3-Clause').waitFor();
    expect(complaints).toEqual([]);
    await close();
  });

  it('is rebuilt after a warning, as another revision', async () => {
    const { page, complaints, close } = await openPage(browser);
    await page.goto(`${url}/environments/iris?tab=image`);
    await page.getByRole('button', { name: 'Rebuild' }).click();
    await page.getByText('Packages without a pin may move').waitFor();
    await page.getByRole('button', { name: 'Leave it' }).click();
    await page.getByRole('button', { name: 'Rebuild' }).click();
    index.publish(makeWheel({ name: 'grape', version: '1.1' }));
    await page.getByRole('button', { name: 'Rebuild now' }).click();
    await expect.poll(() => page.getByLabel('Revision').inputValue(), { timeout: 30_000 }).toBe('2');
    await page.getByText('Revision 2 came out of it').waitFor();
    await page.locator('.layers tr', { hasText: 'grape 1.1' }).waitFor();
    await page.getByRole('link', { name: 'Its builds' }).click();
    await expect.poll(() => page.locator('.virtual-row').count()).toBe(2);
    expect(complaints).toEqual([]);
    await close();
  });

  it('shows what others have too, and what the cache saved', async () => {
    const { page, complaints, close } = await openPage(browser);
    await page.goto(`${url}/environments/blend?tab=image`);
    await page.getByRole('button', { name: 'Build', exact: true }).click();
    const base = page.locator('.layers tr', { hasText: 'base image' });
    await base.getByText('iris').waitFor({ timeout: 30_000 });
    await page.locator('.layer-map .shared', { hasText: 'base image' }).waitFor();
    await page.getByRole('button', { name: 'Build', exact: true }).waitFor({ state: 'detached' });
    const again = await fetch(`${url}/api/v1/builds`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ environment: 'blend:1' }),
    });
    const { id } = (await again.json()) as { id: string };
    await page.goto(`${url}/builds/${id}`);
    await page.locator('.title-line', { hasText: 'Completed' }).waitFor();
    await page.goto(`${url}/`);
    await page.locator('.numbers div', { hasText: 'of 4 builds from a cache' }).getByText('25 %').waitFor();
    await page.locator('.numbers div', { hasText: 'saved by the cache' }).waitFor();
    expect(complaints).toEqual([]);
    await close();
  });

  it('says why it could not be built, and what to do', async () => {
    const { page, close } = await openPage(browser);
    await page.goto(`${url}/environments/lost?tab=image`);
    await page.getByRole('button', { name: 'Build', exact: true }).click();
    const failure = page.getByRole('region', { name: 'Why it failed' });
    await failure.waitFor({ timeout: 30_000 });
    await failure.getByRole('heading', { name: 'What to do' }).waitFor();
    expect(await failure.textContent()).toContain('absent');
    await page.reload();
    await failure.waitFor();
    await page.getByRole('link', { name: 'The last build' }).click();
    await page.getByRole('button', { name: 'Build again' }).waitFor();
    await failure.waitFor();
    await close();
  });
});

describe('builds', { timeout: 60_000 }, () => {
  it('are listed and found by status and environment', async () => {
    const { page, complaints, close } = await openPage(browser);
    await page.goto(`${url}/`);
    await page.getByRole('link', { name: 'Builds', exact: true }).click();
    const rows = page.locator('.virtual-row');
    await rows.first().waitFor();
    expect(new Set(await page.locator('.build-row .status').allTextContents())).toEqual(
      new Set(['Completed', 'Failed']),
    );
    await page.getByLabel('Status').selectOption('Failed');
    await expect.poll(() => rows.count()).toBe(1);
    await page.locator('.virtual-row', { hasText: 'lost:1' }).waitFor();
    await page.getByLabel('Status').selectOption('');
    await page.getByRole('searchbox').fill('iris');
    await page.keyboard.press('Enter');
    await expect.poll(() => rows.count()).toBe(2);
    await page.getByRole('searchbox').fill('ferment');
    await page.keyboard.press('Enter');
    await page.getByText('No build is like that').waitFor();
    expect(complaints).toEqual([]);
    await close();
  });

  it('show their progress as it happens, also to who looks only now and through a server that goes away', async () => {
    const mend = index.break({ path: '/files/must', kind: 'slow', bytesPerSecond: 20_000 });
    const own = await startServe(sandbox, ['--runs', '0']);
    const { page, close } = await openPage(browser);
    try {
      const answer = await fetch(`${own.url}/api/v1/builds`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ environment: 'rose' }),
      });
      const { id } = (await answer.json()) as { id: string };
      await page.goto(`${own.url}/builds/${id}`);
      const going = page.locator('.steps progress').first();
      await going.waitFor();
      const seen = await going.getAttribute('value');
      await expect.poll(async () => await going.getAttribute('value')).not.toBe(seen);
      const before = await titles(page);
      await own.stop();
      await page.getByText('The server does not answer').waitFor();
      const back = await startServe(sandbox, ['--runs', '0', '--port', new URL(own.url).port]);
      await page.getByText('The server does not answer').waitFor({ state: 'detached' });
      await page.locator('.title-line', { hasText: 'Completed' }).waitFor({ timeout: 60_000 });
      await expect
        .poll(async () => (await titles(page)).every((title) => /: (?:done|from the cache)$/.test(title)))
        .toBe(true);
      // Every step once: what came before the server went is not told again.
      const after = (await titles(page)).map((title) => title.split(':')[0]);
      expect(after.slice(0, before.length)).toHaveLength(before.length);
      expect(new Set(after).size).toBe(after.length);
      await back.stop();
    } finally {
      mend();
      await close();
    }
  });

  it('end when told to, and what they were at is marked as left', async () => {
    const mend = index.break({ path: '/files/lees', kind: 'slow', bytesPerSecond: 5000 });
    const { page, close } = await openPage(browser);
    try {
      await page.goto(`${url}/environments/ferment?tab=image`);
      await page.getByRole('button', { name: 'Build', exact: true }).click();
      await page.locator('.steps .running').first().waitFor();
      await page.getByRole('link', { name: 'The last build' }).click();
      await page.getByRole('button', { name: 'Cancel' }).click();
      await page.locator('.title-line', { hasText: 'Canceled' }).waitFor({ timeout: 20_000 });
      await page.getByText('It was canceled').waitFor();
      await page.locator('.steps .running').first().waitFor({ state: 'detached' });
    } finally {
      mend();
      await close();
    }
  });

  it.each(['light', 'dark'] as const)('are for everybody, in %s and on a phone', async (colorScheme) => {
    const { items } = (await (await fetch(`${url}/api/v1/builds`)).json()) as {
      items: { id: string; status: string }[];
    };
    const paths = ['Completed', 'Failed', 'Canceled'].map(
      (wanted) => items.find(({ status }) => status === wanted)?.id,
    );
    const { page, close } = await openPage(browser, {
      colorScheme,
      bypassCSP: true,
      viewport: { width: 390, height: 800 },
    });
    const found: string[] = [];
    for (const path of ['/builds', ...paths.map((id) => `/builds/${id}`), '/environments/iris?tab=image']) {
      await page.goto(url + path);
      await page.locator('h1').waitFor();
      await page.waitForLoadState('networkidle');
      for (const barrier of await findBarriers(page)) found.push(`${path}: ${barrier}`);
      expect([path, await page.evaluate('document.documentElement.scrollWidth')]).toEqual([path, 390]);
    }
    expect(found).toEqual([]);
    await close();
  });

  it('are looked at, and not asked for or cancelled, by a reader', async () => {
    const args = ['token', 'create', '--user', 'eve', '--role', 'reader'];
    const { token } = await sandbox.json<{ token: string }>(args);
    const { page, close } = await openPage(browser);
    await page.goto(`${url}/environments/still?tab=image`);
    await page.getByLabel('Token').fill(token);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByText('No image yet').waitFor();
    expect(await page.getByRole('button', { name: 'Build', exact: true }).count()).toBe(0);
    await page.getByRole('link', { name: 'Builds', exact: true }).click();
    await page.locator('.virtual-row', { hasText: 'lost:1' }).locator('a').first().click();
    await page.getByRole('region', { name: 'Why it failed' }).waitFor();
    expect(await page.getByRole('button', { name: /Build again|Rebuild/ }).count()).toBe(0);
    await close();
  });
});

/** Bytes that do not compress, the same each time. */
function noise(size: number): string {
  let state = 7;
  let text = '';
  while (text.length < size) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    text += state.toString(36);
  }
  return text;
}
