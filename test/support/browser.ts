/**
 * Headless Chromium of the system. One for a test file: starting takes a second; and one tab for most of its tests: a new one
 * takes half a second. What goes wrong in a page (an exception that nobody caught, a violation of its content policy) is
 * gathered for the test to look at.
 */

import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, type ConsoleMessage, chromium, type Page } from 'playwright-core';
import { WAIT_LIMIT_MS } from './wait-for.js';

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
  /** Empty, for the next test that wants no options. */
  #idle: Page | undefined;

  async start(): Promise<void> {
    if (chromiumPath === undefined) throw new Error('no chromium here');
    // As root, as in CI, there is no sandbox; pages here are the project's own.
    const args = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'];
    this.#browser = await chromium.launch({ executablePath: chromiumPath, args });
  }

  async stop(): Promise<void> {
    await this.#browser?.close();
  }

  /** A tab with empty storage; it has to be closed, which ends its connections too. */
  async open(url: string, options?: BrowserContextOptions): Promise<OpenPage> {
    const page = (options === undefined ? this.#takeIdle() : undefined) ?? (await this.#newPage(options));
    const faults: string[] = [];
    const onError = (error: Error): void => void faults.push(String(error));
    const onConsole = (message: ConsoleMessage): void => {
      if (/Content Security Policy/i.test(message.text())) faults.push(message.text());
    };
    page.on('pageerror', onError).on('console', onConsole);
    await page.goto(url);
    const close = async (): Promise<void> => {
      page.off('pageerror', onError).off('console', onConsole);
      if (options !== undefined || this.#idle !== undefined) {
        await page.context().close();
        return;
      }
      await empty(page);
      this.#idle = page;
    };
    return { page, faults, close };
  }

  #takeIdle(): Page | undefined {
    const page = this.#idle;
    this.#idle = undefined;
    return page;
  }

  async #newPage(options: BrowserContextOptions = {}): Promise<Page> {
    if (this.#browser === undefined) throw new Error('the browser is not started');
    const context = await this.#browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    context.setDefaultTimeout(WAIT_LIMIT_MS);
    return await context.newPage();
  }
}

/** As a new tab is. */
async function empty(page: Page): Promise<void> {
  await page.evaluate(() => {
    const storages = globalThis as unknown as Readonly<Record<'localStorage' | 'sessionStorage', { clear(): void }>>;
    storages.localStorage.clear();
    storages.sessionStorage.clear();
  });
  await page.mouse.move(0, 0);
  await page.goto('about:blank');
}
