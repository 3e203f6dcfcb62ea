import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openPage, startBrowser } from '../../kit/browser.ts';
import { freePort } from '../../kit/free-port.ts';
import { type IdentityProvider, startIdentityProvider } from '../../kit/identity-provider.ts';
import { createSandbox, type Sandbox } from '../../kit/sandbox.ts';
import { type Served, startServe } from '../../kit/serve.ts';

let provider: IdentityProvider;
let sandbox: Sandbox;
let served: Served;
let browser: Browser;
let url: string;
beforeAll(async () => {
  const port = await freePort();
  [provider, sandbox, browser] = await Promise.all([
    startIdentityProvider({
      clientId: 'terroir',
      redirectUris: [`http://127.0.0.1:${port}/auth/callback`],
      groups: { ann: ['admin'], bob: ['reader'], eve: [] },
    }),
    createSandbox(),
    startBrowser(),
  ]);
  await sandbox.write('environment.yml', 'name: plain\ndescription: As it was\npython: {user_managed: true}\n');
  await sandbox.json(['env', 'create', 'environment.yml']);
  const login = ['--oidc-issuer', provider.issuer, '--oidc-client-id', 'terroir', '--oidc-role-claim', 'groups'];
  served = await startServe(sandbox, ['--port', String(port), ...login, '--oidc-scope', 'openid profile']);
  ({ url } = served);
});
afterAll(async () => {
  await browser?.close();
  await served?.stop();
  await provider?.close();
  await sandbox?.remove();
});

async function logInAs(page: Page, name: string): Promise<void> {
  await page.getByRole('link', { name: 'Log in with your organisation' }).click();
  await page.locator('input[name=login]').fill(name);
  await page.locator('input[name=password]').fill('any');
  await page.locator('button[type=submit]').click();
  await page.getByRole('button', { name: 'Continue' }).click();
}

/** The provider still knows who it is. */
async function logInAgain(page: Page): Promise<void> {
  await page.getByRole('link', { name: 'Log in with your organisation' }).click();
  await page.getByRole('dialog').waitFor({ state: 'detached' });
}

async function makeToken(role: string): Promise<string> {
  const args = ['token', 'create', '--user', 'tom', '--role', role];
  return (await sandbox.json<{ token: string }>(args)).token;
}

describe('logging in through the identity provider', () => {
  it('comes back to where one was, and is left for good', async () => {
    const { page, close } = await openPage(browser);
    await page.goto(`${url}/environments/plain?tab=image`);
    await page.getByLabel('Token').waitFor();
    await logInAs(page, 'ann');
    await page.getByText('No image yet').waitFor();
    expect(page.url()).toBe(`${url}/environments/plain?tab=image`);
    await page.locator('.who', { hasText: 'ann' }).waitFor();
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByRole('link', { name: 'Log in with your organisation' }).waitFor();
    await page.reload();
    await page.getByRole('link', { name: 'Log in with your organisation' }).waitFor();
    await close();
  });

  it('offers no more than the role of the groups', async () => {
    const { page, close } = await openPage(browser);
    await page.goto(`${url}/environments/plain`);
    await logInAs(page, 'bob');
    await page.locator('.who', { hasText: 'reader' }).waitFor();
    expect(await page.getByRole('button', { name: 'Archive' }).count()).toBe(0);
    await close();
  });

  it('is offered after a token that does not hold any more, too', async () => {
    const { page, close } = await openPage(browser);
    await page.goto(`${url}/environments/plain`);
    await page.evaluate(() => sessionStorage.setItem('terroir-token', 'revoked'));
    await page.reload();
    await page.getByText('The token does not hold any more').waitFor();
    await page.getByRole('link', { name: 'Log in with your organisation' }).waitFor();
    await close();
  });
});

describe('a session that ends while somebody types', () => {
  it('takes no text: neither over the page with a token, nor on the way to the provider and back', async () => {
    const { page, close } = await openPage(browser);
    await page.goto(`${url}/environments/plain`);
    await logInAs(page, 'ann');
    await page.getByRole('button', { name: 'Change the description' }).click();
    const description = page.getByRole('textbox', { name: 'Description' });
    await description.fill('Typed with care');
    await page.getByRole('textbox', { name: 'Add a tag' }).fill('half=typed');
    await page.context().clearCookies({ name: 'terroir-session' });
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'Your session has ended' }).waitFor();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await page.getByLabel('Token').fill(await makeToken('contributor'));
    await page.getByRole('dialog').getByRole('button', { name: 'Log in' }).click();
    await page.locator('.who', { hasText: 'tom' }).waitFor();
    expect(await description.inputValue()).toBe('Typed with care');
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('button', { name: 'Change the description' }).filter({ hasText: 'with care' }).click();
    await description.fill('Typed again');
    await page.evaluate(() => sessionStorage.setItem('terroir-token', 'expired'));
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'Your session has ended' }).waitFor();
    await logInAgain(page);
    await page.locator('.who', { hasText: 'ann' }).waitFor();
    expect(await description.inputValue()).toBe('Typed again');
    expect(await page.getByRole('textbox', { name: 'Add a tag' }).inputValue()).toBe('half=typed');
    await sandbox.json(['env', 'update', 'plain', '--description', 'Of somebody else']);
    await page.reload();
    // It was typed on what was there before.
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByText('Somebody changed this version meanwhile').waitFor();
    expect(await description.inputValue()).toBe('Typed again');
    await close();
  });

  it('takes no definition', async () => {
    const { page, close } = await openPage(browser);
    await page.goto(`${url}/create`);
    await logInAs(page, 'ann');
    await page.getByRole('button', { name: 'Requirements' }).click();
    await page.locator('.editor .cm-content').click();
    await page.keyboard.press('Control+A');
    await page.keyboard.insertText('python: {user_managed: true}\n');
    await page.getByLabel('Name').fill('typed');
    await page.context().clearCookies({ name: 'terroir-session' });
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'Your session has ended' }).waitFor();
    await logInAgain(page);
    await page.getByRole('button', { name: 'Save' }).click();
    await page.getByRole('heading', { name: 'typed', level: 1 }).waitFor();
    await close();
  });

  it('leaves nothing of it to the next person', async () => {
    const { page, close } = await openPage(browser);
    await page.goto(`${url}/environments/plain`);
    await logInAs(page, 'ann');
    await page.getByRole('button', { name: 'Change the description' }).click();
    await page.getByRole('textbox', { name: 'Description' }).fill('A secret');
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.getByLabel('Token').fill(await makeToken('contributor'));
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('button', { name: 'Change the description' }).waitFor();
    expect(await page.evaluate(() => Object.values(sessionStorage).join(' '))).not.toContain('secret');
    await close();
  });
});
