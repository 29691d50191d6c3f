/** The banner of a page about pairs or hosts: says why what is shown is old, as long as it is. */

import type { ApiClient } from '../api/client.js';
import type { Live } from '../api/live.js';
import { type ShownWindow, warningOf } from '../grid/freshness.js';
import { h } from '../ui/dom.js';

/** How often is looked whether the data have grown old. */
const LOOK_MS = 3000;

export class PageBanner {
  readonly element = h('p', { class: 'banner', role: 'status', hidden: true });
  readonly #api: ApiClient;
  readonly #live: Live;
  readonly #ends: (() => void)[];
  #shown: ShownWindow | undefined;
  #failure: unknown;

  constructor(api: ApiClient, live: Live) {
    this.#api = api;
    this.#live = live;
    const look = window.setInterval(() => this.#look(), LOOK_MS);
    this.#ends = [() => window.clearInterval(look), live.state.watch(() => this.#look())];
  }

  /** Something is shown, and it is what was asked for. */
  show(shown: ShownWindow): void {
    this.#shown = shown;
    this.#failure = undefined;
    this.#look();
  }

  /** What is shown stays, and is old from now on. */
  fail(error: unknown): void {
    this.#failure = error;
    this.#look();
  }

  /** Nothing is shown: there is nothing to say of it. */
  clear(): void {
    this.#shown = undefined;
    this.#look();
  }

  end(): void {
    for (const end of this.#ends) end();
  }

  #look(): void {
    const text = this.#shown && warningOf(this.#shown, this.#failure, this.#live.state.value, this.#api.nowMs());
    this.element.hidden = text === undefined;
    // A live region says what is put there, changed or not.
    if (this.element.textContent !== (text ?? '')) this.element.textContent = text ?? '';
  }
}
