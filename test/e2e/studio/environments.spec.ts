import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPage, startBrowser, type TestPage } from '../../kit/browser.ts';
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

async function withPage(path: string, work: (opened: TestPage) => Promise<void>, allowed = /^$/): Promise<void> {
  const opened = await openPage(browser);
  try {
    await opened.page.goto(url + path);
    await work(opened);
    expect(opened.complaints.filter((each) => !allowed.test(each))).toEqual([]);
    expect([...opened.hosts]).toEqual([new URL(url).host]);
  } finally {
    await opened.close();
  }
}

describe('the list of environments', () => {
  it('shows what is there, filters by what stands in the address, and finds as one types', async () => {
    await withPage('/environments', async ({ page }) => {
      const names = page.locator('.environment-row .cell-name a');
      await page.getByRole('link', { name: 'churn' }).waitFor();
      expect(await names.allTextContents()).toEqual(
        expect.arrayContaining(['churn', 'iris', 'plain', 'Terroir-sklearn']),
      );
      await page.getByRole('button', { name: 'Custom' }).click();
      await expect.poll(() => names.allTextContents()).toEqual(['churn', 'iris', 'plain']);
      expect(new URL(page.url()).search).toBe('?category=custom');
      await page.keyboard.press('/');
      await page.keyboard.type('RI');
      await expect.poll(() => names.allTextContents()).toEqual(['iris']);
      await page.reload();
      await expect.poll(() => names.allTextContents()).toEqual(['iris']);
      expect(await page.getByRole('searchbox').inputValue()).toBe('RI');
    });
  });

  it.each([
    ['?tag=team%3Dvision', ['iris']],
    ['?tag=team&sort=-name', ['iris', 'churn']],
    ['?archived=archived', ['retired']],
    ['?category=user_managed', ['plain']],
    ['?search=nothing-like-it', []],
  ])('%s', async (query, expected) => {
    await withPage(`/environments${query}`, async ({ page }) => {
      if (expected.length === 0) await page.getByText('No environment is like that').waitFor();
      await expect.poll(() => page.locator('.environment-row .cell-name a').allTextContents()).toEqual(expected);
    });
  });

  it('is walked with the keyboard', async () => {
    await withPage('/environments?category=custom', async ({ page }) => {
      await page.getByRole('link', { name: 'churn' }).waitFor();
      await page.keyboard.press('/');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('ArrowDown');
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { name: 'iris', level: 1 }).waitFor();
    });
  });
});

describe('the page of an environment', () => {
  it('shows definition, analysis, and each version on the line', async () => {
    await withPage('/environments/iris', async ({ page }) => {
      const source = page.getByLabel('environment.yml');
      await source.waitFor();
      expect(await source.textContent()).toContain('scikit-learn==1.6.0');
      expect(await source.locator('.t-comment').textContent()).toBe('# The course wants exactly this');
      await page.getByRole('region', { name: 'Analysis' }).waitFor();
      await page.locator('.time-line a', { hasText: /^1/ }).click();
      await expect.poll(() => source.textContent()).toContain('scikit-learn==1.5.2');
      expect(page.url()).toContain('version=1');
    });
  });

  it('says of each package where it is from and why it is there', async () => {
    await withPage('/environments/iris?tab=packages', async ({ page }) => {
      const row = page.locator('.virtual-row', { hasText: 'six' });
      await row.waitFor();
      expect(await row.locator('.why').textContent()).toBe('pandas → python-dateutil');
      expect(await page.locator('.virtual-row', { hasText: 'joblib' }).locator('.why').textContent()).toBe('requested');
      await page.getByRole('searchbox').fill('scikit');
      await expect.poll(() => page.locator('.virtual-row').count()).toBe(1);
    });
  });

  it('locks what was not locked, when told to', async () => {
    await withPage('/environments/churn?tab=packages', async ({ page }) => {
      await page.getByRole('button', { name: 'Lock it now' }).click();
      await page.locator('.virtual-row', { hasText: /^pandas/ }).waitFor({ timeout: 30_000 });
    });
  });

  it('changes description and tags in place; the second of two is told, and loses nothing', async () => {
    await withPage(
      '/environments/churn',
      async ({ page }) => {
        await page.getByRole('button', { name: 'Change the description' }).click();
        await page.getByRole('textbox', { name: 'Description' }).fill('Mine');
        await workspace.sandbox.json(['env', 'update', 'churn:1', '--description', 'Of somebody else']);
        await page.getByRole('button', { name: 'Save' }).click();
        await page.getByText('Somebody changed this version meanwhile').waitFor();
        expect(await page.getByRole('textbox', { name: 'Description' }).inputValue()).toBe('Mine');
        await page.getByRole('button', { name: 'Show what it is now' }).click();
        await page.getByText('Of somebody else').waitFor();
        await page.getByRole('button', { name: 'Save' }).click();
        await page.getByRole('button', { name: 'Change the description' }).filter({ hasText: 'Mine' }).waitFor();
        await page.getByRole('textbox', { name: 'Add a tag' }).fill('stage=trial');
        await page.keyboard.press('Enter');
        await page.getByRole('button', { name: 'Remove the tag stage' }).waitFor();
        await page.getByRole('button', { name: 'Remove the tag team' }).click();
        await page.getByRole('button', { name: 'Remove the tag team' }).waitFor({ state: 'detached' });
      },
      /412/,
    );
    const shown = await workspace.sandbox.json<{ description: string; tags: object }>(['env', 'show', 'churn']);
    expect(shown).toMatchObject({ description: 'Mine', tags: { stage: 'trial' } });
  });

  it('archives and brings back', async () => {
    await withPage('/environments/plain', async ({ page }) => {
      await page.getByRole('button', { name: 'Archive' }).click();
      await page.getByRole('button', { name: 'Restore' }).click();
      await page.getByRole('button', { name: 'Archive' }).waitFor();
    });
  });
});
