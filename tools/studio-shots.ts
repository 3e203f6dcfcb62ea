/** Makes docs/studio/*.png anew: a real server, a real browser, the workspace of the tests. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { openPage, startBrowser } from '../test/kit/browser.ts';
import { createStudioWorkspace } from '../test/kit/studio-workspace.ts';

const folder = join(import.meta.dirname, '..', 'docs', 'studio');
const shots = [
  { name: 'home', path: '/', colorScheme: 'light' },
  { name: 'environments', path: '/environments', colorScheme: 'light' },
  { name: 'packages', path: '/environments/iris?tab=packages', colorScheme: 'light' },
  { name: 'compare', path: '/compare?from=iris:1&to=iris:2', colorScheme: 'light' },
  { name: 'change', path: '/create?from=iris:2', colorScheme: 'dark' },
] as const;

mkdirSync(folder, { recursive: true });
const [workspace, browser] = await Promise.all([createStudioWorkspace(), startBrowser()]);
try {
  for (const { name, path, colorScheme } of shots) {
    const { page, close } = await openPage(browser, { colorScheme, viewport: { width: 1200, height: 760 } });
    await page.goto(workspace.served.url + path);
    await page.locator('h1').waitFor();
    await page.waitForLoadState('networkidle');
    await page.waitForTimeout(500);
    await page.screenshot({ path: join(folder, `${name}.png`) });
    await close();
  }
} finally {
  await browser.close();
  await workspace.close();
}
