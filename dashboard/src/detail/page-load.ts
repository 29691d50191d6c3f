/** Loads what a page shows: when its route changes, and again when windows come. */

import { ApiError } from '../api/client.js';
import type { Live } from '../api/live.js';
import { LatestRequest } from '../ui/request.js';

/** News come in bursts, one for each batch of rows. */
const NEWS_MS = 150;

export interface PageLoadOptions<T> {
  readonly live: Live;
  readonly ask: (signal: AbortSignal) => Promise<T>;
  readonly onLoaded: (answer: T) => void;
  readonly onFailed: (error: unknown) => void;
}

export class PageLoad<T> {
  readonly #options: PageLoadOptions<T>;
  readonly #request = new LatestRequest();
  readonly #stopNews: () => void;
  #timer: number | undefined;

  constructor(options: PageLoadOptions<T>) {
    this.#options = options;
    this.#stopNews = options.live.onNews(() => {
      window.clearTimeout(this.#timer);
      this.#timer = window.setTimeout(() => void this.load(), NEWS_MS);
    });
  }

  async load(): Promise<void> {
    const { ask, onLoaded, onFailed } = this.#options;
    try {
      const answer = await this.#request.run(ask);
      if (answer !== undefined) onLoaded(answer);
    } catch (error) {
      onFailed(error);
    }
  }

  /** Nothing is called afterwards. */
  end(): void {
    this.#stopNews();
    window.clearTimeout(this.#timer);
    this.#request.cancel();
  }
}

/** The answer, or undefined when the server does not know of any such thing (404). */
export async function ifKnown<T>(answer: Promise<T>): Promise<T | undefined> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined;
    throw error;
  }
}

/** Whether it may pass by itself, so that what is shown is worth keeping meanwhile. */
export function isPassing(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 0 || error.status === 429 || error.status >= 500);
}
