import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

/** A page of its own in a real browser; what it complains about is collected. */
export interface TestPage {
  page: Page;
  /** Errors of scripts, refusals by the content-security policy, failed loads. */
  complaints: string[];
  /** Hosts that it asked for anything. */
  hosts: Set<string>;
  close(): Promise<void>;
}

export async function startBrowser(): Promise<Browser> {
  return await chromium.launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

export async function openPage(browser: Browser, options: BrowserContextOptions = {}): Promise<TestPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  context.setDefaultTimeout(10_000);
  const page = await context.newPage();
  const complaints: string[] = [];
  const hosts = new Set<string>();
  page.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(String(error)));
  page.on('request', (request) => {
    if (!request.url().startsWith('data:')) hosts.add(new URL(request.url()).host);
  });
  return { page, complaints, hosts, close: () => context.close() };
}
