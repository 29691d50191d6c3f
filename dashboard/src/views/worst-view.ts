/** The pairs with the largest values of the chosen figure. */

import type { Worst } from '../api/types.js';
import { formatRoute, type Route } from '../route.js';
import { h } from '../ui/dom.js';
import { formatValue } from '../ui/format.js';
import { errorNotice } from '../ui/notice.js';
import { LatestRequest } from '../ui/request.js';
import type { View, ViewContext } from './view.js';

const PAIRS = 50;

export class WorstView implements View {
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

  async #load({ selection }: Route): Promise<void> {
    try {
      const level = selection.level ?? 'host';
      const worst = await this.#request.run((signal) =>
        this.#context.api.worst({ ...selection, level }, PAIRS, signal),
      );
      if (worst !== undefined) this.#root?.replaceChildren(tableOf(worst));
    } catch (error) {
      this.#root?.replaceChildren(errorNotice(error));
    }
  }
}

function tableOf({ pairs, unit, transport }: Worst): HTMLElement {
  const rows = pairs.map(({ src, dst, value }) => {
    const href = formatRoute({ page: 'pair', src, dst, selection: { transport } });
    return h('tr', {}, h('td', {}, h('a', { href }, `${src} → ${dst}`)), h('td', {}, formatValue(value, unit)));
  });
  return h('table', {}, ...rows);
}
