/** One pair over the kept windows. */

import type { Pair } from '../api/types.js';
import type { Route } from '../route.js';
import { h } from '../ui/dom.js';
import { formatDuration, formatRatio, formatTime } from '../ui/format.js';
import { errorNotice } from '../ui/notice.js';
import { LatestRequest } from '../ui/request.js';
import type { View, ViewContext } from './view.js';

export class PairView implements View {
  readonly #context: ViewContext;
  readonly #request = new LatestRequest();
  #root: HTMLElement | undefined;

  constructor(context: ViewContext) {
    this.#context = context;
  }

  mount(root: HTMLElement): void {
    this.#root = root;
  }

  show(route: Route): void {
    void this.#load(route);
  }

  unmount(): void {
    this.#request.cancel();
    this.#root = undefined;
  }

  async #load(route: Route): Promise<void> {
    if (route.page !== 'pair') return;
    const { src, dst, selection } = route;
    try {
      const pair = await this.#request.run((signal) => this.#context.api.pair(src, dst, selection, signal));
      if (pair !== undefined) this.#root?.replaceChildren(h('h1', {}, `${src} → ${dst}`), tableOf(pair));
    } catch (error) {
      this.#root?.replaceChildren(errorNotice(error));
    }
  }
}

function tableOf({ windows }: Pair): HTMLElement {
  const rows = windows.map(({ start_ms, loss, network_rtt: network }) =>
    h(
      'tr',
      {},
      h('td', {}, formatTime(start_ms)),
      h('td', {}, network === null ? 'no answer' : formatDuration(network.p99)),
      h('td', {}, loss === null ? '' : formatRatio(loss)),
    ),
  );
  return h('table', {}, ...rows);
}
