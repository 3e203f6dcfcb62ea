import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPage, startBrowser } from '../../kit/browser.ts';
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

async function type(page: Page, text: string): Promise<void> {
  await page.locator('.editor .cm-content').click();
  await page.keyboard.press('Control+A');
  await page.keyboard.insertText(text);
}

describe('making an environment', () => {
  it('starts from requirements, checks as one types by the rules of the command line, and completes keys', async () => {
    const { page, complaints, close } = await openPage(browser);
    await page.goto(`${url}/create`);
    await page.getByRole('button', { name: 'Requirements' }).click();
    await type(page, 'requirments: [six]\n');
    await page.locator('.findings', { hasText: 'requirments' }).waitFor();
    await type(page, 'python: {version: "3.11"}\nrequirements: [six]\n');
    await page.locator('.findings', { hasText: 'six is not pinned' }).waitFor();
    await page.locator('.editor .cm-lint-marker').first().waitFor();
    const shown = await page.locator('.findings summary').allTextContents();
    await workspace.sandbox.write('same.yml', 'python: {version: "3.11"}\nrequirements: [six]\n');
    const told = await workspace.sandbox.run(['env', 'check', 'same.yml', '--json']);
    const { findings } = JSON.parse(told.stdout) as { findings: { message: string }[] };
    expect(shown).toHaveLength(findings.length);
    await page.keyboard.press('Control+End');
    await page.keyboard.type('plat');
    await page.locator('.editor .cm-tooltip-autocomplete', { hasText: 'platforms' }).waitFor();
    await page.keyboard.press('Escape');
    await type(page, 'python: {version: "3.11"}\nrequirements: [six]\n');
    await page.getByLabel('Name').fill('fresh');
    await page.getByRole('button', { name: 'Try to resolve it' }).click();
    await page.getByText('1 package,').waitFor({ timeout: 30_000 });
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'fresh', level: 1 }).waitFor();
    // Chromium itself puts styles on what is typed over a selection; the policy keeps them out, as it should.
    expect(complaints.filter((each) => !each.startsWith('Applying inline style'))).toEqual([]);
    expect(await workspace.sandbox.json(['env', 'show', 'fresh'])).toMatchObject({ version: '1' });
    await close();
  });

  it('shows what a change changes, tells the second of two, and loses no typed text', async () => {
    const { page, close } = await openPage(browser);
    await page.goto(`${url}/create?from=iris:2`);
    const changed = 'name: iris\npython: {version: "3.11"}\nrequirements:\n  - scikit-learn==1.5.2\n  - numpy==2.2.0\n';
    await page.getByRole('button', { name: 'Save as version 3' }).waitFor();
    await type(page, changed);
    await page.locator('.side-by-side .to', { hasText: 'scikit-learn==1.5.2' }).first().waitFor();
    await page.getByRole('button', { name: 'Try to resolve it' }).click();
    await page.locator('.changes .down', { hasText: 'scikit-learn' }).waitFor({ timeout: 30_000 });
    await page.reload();
    await page.locator('.side-by-side .to', { hasText: 'scikit-learn==1.5.2' }).first().waitFor();
    await workspace.sandbox.write('other.yml', 'name: iris\nrequirements: [numpy]\n');
    await workspace.sandbox.json(['env', 'create', 'other.yml']);
    // The page still knows what was there before.
    await page.getByRole('button', { name: 'Save as version 3' }).click();
    await page.getByText('Somebody registered iris:3 meanwhile').waitFor();
    await page.getByRole('button', { name: 'Save mine after it' }).click();
    await page.getByRole('button', { name: 'Save as version 4' }).click();
    await page.getByRole('heading', { name: 'iris', level: 1 }).waitFor();
    expect(await workspace.sandbox.json(['env', 'show', 'iris:4'])).toMatchObject({ version: '4' });
    await close();
  });
});
