/** One host: how its delays are distributed, over all destinations. */

import type { Route } from '../route.js';
import { h } from '../ui/dom.js';
import { formatCount, formatDuration } from '../ui/format.js';
import { errorNotice } from '../ui/notice.js';
import { LatestRequest } from '../ui/request.js';
import type { View, ViewContext } from './view.js';

export class HostView implements View {
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
    if (route.page !== 'host') return;
    const { name, selection } = route;
    try {
      const cdf = await this.#request.run((signal) => this.#context.api.cdf({ src: name }, selection, signal));
      if (cdf === undefined) return;
      const worst = formatDuration(cdf.up_to_ns.at(-1) ?? 0);
      this.#root?.replaceChildren(h('h1', {}, name), h('p', {}, `${formatCount(cdf.count)} answers, at most ${worst}`));
    } catch (error) {
      this.#root?.replaceChildren(errorNotice(error));
    }
  }
}
