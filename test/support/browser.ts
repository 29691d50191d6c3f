/**
 * Headless Chromium of the system. One for a test file: starting takes a second. What goes wrong in a page (an exception that
 * nobody caught, a violation of its content policy) is gathered for the test to look at.
 */

import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

const EXECUTABLES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
export const chromiumPath = EXECUTABLES.find((path) => existsSync(path));
/** For `{ skip }` of a test or suite. */
export const noBrowser = chromiumPath === undefined && 'needs chromium: npm run setup';

export interface OpenPage {
  readonly page: Page;
  /** What went wrong in it so far. */
  readonly faults: string[];
  close(): Promise<void>;
}

export class TestBrowser {
  #browser: Browser | undefined;

  async start(): Promise<void> {
    if (chromiumPath === undefined) throw new Error('no chromium here');
    // As root, as in CI, there is no sandbox; pages here are the project's own.
    const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
    this.#browser = await chromium.launch({ executablePath: chromiumPath, args });
  }

  async stop(): Promise<void> {
    await this.#browser?.close();
  }

  /** A tab with storage of its own. */
  async open(url: string, options: BrowserContextOptions = {}): Promise<OpenPage> {
    if (this.#browser === undefined) throw new Error('the browser is not started');
    const context = await this.#browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    const page = await context.newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(String(error)));
    page.on('console', (message) => {
      if (/Content Security Policy/i.test(message.text())) faults.push(message.text());
    });
    await page.goto(url);
    return { page, faults, close: () => context.close() };
  }
}
