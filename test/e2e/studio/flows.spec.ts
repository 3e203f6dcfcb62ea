import { join } from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPage, startBrowser } from '../../kit/browser.ts';
import { type Served, startServe } from '../../kit/serve.ts';
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

/** Files of the disk, dropped as a hand would. */
async function drop(page: Page, paths: readonly string[]): Promise<void> {
  const session = await page.context().newCDPSession(page);
  const data = { items: [], files: [...paths], dragOperationsMask: 1 };
  for (const type of ['dragEnter', 'dragOver', 'drop'] as const)
    await session.send('Input.dispatchDragEvent', { type, x: 640, y: 420, data });
}

describe('files dropped onto the page', () => {
  const conda = 'name: from-conda\nchannels: [conda-forge]\ndependencies:\n  - python=3.11\n  - numpy\n';
  it.each([
    ['environment.yml', 'name: dropped\npython: {version: "3.11"}\nrequirements: [six==1.16.0]\n', 'six==1.16.0'],
    ['requirements.txt', 'six==1.16.0\npandas\n', 'pandas'],
    ['Dockerfile', 'FROM debian:13\nRUN apt-get update\n', 'apt-get'],
    ['conda_dependencies.yml', conda, 'conda-forge'],
  ])('%s becomes a version', async (name, text, seen) => {
    const file = await workspace.sandbox.write(`drop/${name}`, text);
    const { page, complaints, close } = await openPage(browser);
    await page.goto(`${url}/create`);
    await page.getByText('drop files here').waitFor();
    await drop(page, [file]);
    await page.locator('.editor', { hasText: seen }).waitFor();
    await page.getByRole('button', { name }).waitFor();
    const own = `dropped-${name.replaceAll(/\W|_/g, '-').toLowerCase()}`;
    await page.getByLabel('Name').fill(own);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: own, level: 1 }).waitFor();
    await page.locator('.source', { hasText: seen }).waitFor();
    expect(complaints).toEqual([]);
    expect(await workspace.sandbox.json(['env', 'show', own])).toMatchObject({ version: '1' });
    await close();
  });

  it('a folder becomes a build context, with what is no text in it', async () => {
    await workspace.sandbox.write('context/Dockerfile', 'FROM debian:13\nCOPY data/model.bin /opt/\n');
    await workspace.sandbox.write('context/data/model.bin', Buffer.from([0, 1, 2, 255]));
    const { page, complaints, close } = await openPage(browser);
    await page.goto(`${url}/create`);
    await page.getByText('drop files here').waitFor();
    const folder = join(workspace.sandbox.folder, 'context');
    await drop(page, [join(folder, 'Dockerfile'), join(folder, 'data')]);
    await page.getByRole('button', { name: 'data/model.bin' }).click();
    await page.getByText('4 B that are no text').waitFor();
    await page.getByLabel('Name').fill('from-a-folder');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'from-a-folder', level: 1 }).waitFor();
    expect(complaints).toEqual([]);
    await close();
  });
});

describe('two people', () => {
  it('who tag the same version: the second is told, keeps the text, and sees what the first did', async () => {
    const [first, second] = await Promise.all([openPage(browser), openPage(browser)]);
    const tagOf = (page: Page) => page.getByRole('textbox', { name: 'Add a tag' });
    for (const { page } of [first, second]) await page.goto(`${url}/environments/churn`);
    await tagOf(second.page).fill('owner=bea');
    await tagOf(first.page).fill('owner=ann');
    await first.page.keyboard.press('Enter');
    await first.page.getByRole('button', { name: 'remove the tag owner' }).waitFor();
    await tagOf(second.page).press('Enter');
    await second.page.getByText('Somebody changed this version meanwhile').waitFor();
    expect(await tagOf(second.page).inputValue()).toBe('owner=bea');
    await second.page.getByRole('button', { name: 'Show what it is now' }).click();
    await second.page.getByRole('button', { name: 'owner=ann' }).waitFor();
    expect(await tagOf(second.page).inputValue()).toBe('owner=bea');
    await tagOf(second.page).press('Enter');
    await second.page.getByRole('button', { name: 'owner=bea' }).waitFor();
    expect(await tagOf(second.page).inputValue()).toBe('');
    await Promise.all([first.close(), second.close()]);
  });
});

describe('a server that goes away', () => {
  let own: Served;
  beforeAll(async () => {
    own = await startServe(workspace.sandbox);
  });
  afterAll(async () => {
    await own.stop();
  });

  it('is said to be away; what was typed stays and is saved once it is back', async () => {
    const { page, close } = await openPage(browser);
    await page.goto(`${own.url}/create?from=iris:1`);
    await page.locator('.editor .cm-content').click();
    await page.keyboard.press('Control+Home');
    await page.keyboard.insertText('# typed with care\n');
    const port = new URL(own.url).port;
    await own.stop();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('The server does not answer').first().waitFor();
    await page.keyboard.press('Tab');
    await page.locator('.editor', { hasText: 'typed with care' }).waitFor();
    own = await startServe(workspace.sandbox, ['--port', port]);
    await page.locator('.banner').waitFor({ state: 'detached' });
    await page.locator('.editor', { hasText: 'typed with care' }).waitFor();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'iris', level: 1 }).waitFor();
    await page.locator('.source', { hasText: 'typed with care' }).waitFor();
    await close();
  });

  it('leaves lists readable, which are fetched anew once it is back', async () => {
    const { page, close } = await openPage(browser);
    await page.goto(`${own.url}/environments/churn`);
    await page.getByRole('button', { name: 'Change the description' }).click();
    await page.getByRole('textbox', { name: 'Description' }).fill('Half a sentence');
    const port = new URL(own.url).port;
    await own.stop();
    await page.getByRole('button', { name: 'Save' }).click();
    await page.locator('.banner').waitFor();
    await page.locator('.source').waitFor();
    await workspace.sandbox.json(['env', 'update', 'churn', '--tag', 'seen=later']);
    own = await startServe(workspace.sandbox, ['--port', port]);
    await page.locator('.banner').waitFor({ state: 'detached' });
    await page.getByRole('button', { name: 'seen=later' }).waitFor();
    expect(await page.getByRole('textbox', { name: 'Description' }).inputValue()).toBe('Half a sentence');
    await close();
  });
});

describe('markup', () => {
  it('in names of runs, commands and variables is shown, never run', async () => {
    const evil = '<img src=x onerror="document.title=1">';
    const answer = await fetch(`${url}/api/v1/runs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        environment: 'plain',
        command: ['python3', '-c', `print('${evil}')`, evil],
        displayName: `run ${evil}`,
        variables: { NOTE: evil },
      }),
    });
    const { id } = (await answer.json()) as { id: string };
    const { page, complaints, close } = await openPage(browser);
    for (const path of ['/', '/runs', `/runs/${id}`, `/runs/${id}?tab=record`, `/runs/compare?a=${id}&b=${id}`]) {
      await page.goto(url + path);
      await page.getByText(evil).first().waitFor();
      expect(await page.locator('main img').count()).toBe(0);
      expect(await page.title()).toContain('Terroir');
    }
    await page.goto(`${url}/runs/${id}`);
    await page.locator('.log pre', { hasText: evil }).waitFor();
    expect(complaints).toEqual([]);
    await close();
  });
});

describe('the keyboard alone', () => {
  it('leads from the search to an environment, to an older version, and to what differs', async () => {
    const { page, complaints, close } = await openPage(browser);
    await page.goto(`${url}/`);
    await page.getByRole('heading', { name: 'Home' }).waitFor();
    await page.keyboard.press('/');
    await page.getByRole('searchbox').waitFor();
    await page.keyboard.press('/');
    await page.keyboard.type('iri');
    await expect.poll(() => page.locator('.environment-row .cell-name a').allTextContents()).toEqual(['iris']);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'iris', level: 1 }).waitFor();
    const tabTo = async (wanted: RegExp): Promise<void> => {
      for (let step = 0; step < 60; step += 1) {
        await page.keyboard.press('Tab');
        const focused = await page.evaluate<string>(
          "`${document.activeElement?.getAttribute('href') ?? ''} ${document.activeElement?.textContent ?? ''}`",
        );
        if (wanted.test(focused)) return;
      }
      throw new Error(`Tab does not lead to ${wanted.source}`);
    };
    await page.locator('.time-line a').first().waitFor();
    await tabTo(/version=1 /);
    await page.keyboard.press('Enter');
    await page.locator('.source', { hasText: 'scikit-learn==1.5.2' }).waitFor();
    await tabTo(/version=2 /);
    await page.keyboard.press('Enter');
    await page.locator('.source', { hasText: 'scikit-learn==1.6.0' }).waitFor();
    await tabTo(/ Compare$/);
    await page.keyboard.press('Enter');
    await page.locator('.changes .moved', { hasText: 'numpy' }).waitFor();
    expect(complaints).toEqual([]);
    await close();
  });
});
