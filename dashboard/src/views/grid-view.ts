/** The grid: source × destination. */

import { Heatmap } from '../heatmap/heatmap.js';
import { scaleOf } from '../heatmap/scale.js';
import type { Route } from '../route.js';
import { errorNotice } from '../ui/notice.js';
import { LatestRequest } from '../ui/request.js';
import type { View, ViewContext } from './view.js';

export class GridView implements View {
  readonly #context: ViewContext;
  readonly #request = new LatestRequest();
  readonly #heatmap: Heatmap;
  #root: HTMLElement | undefined;
  #stopNews: (() => void) | undefined;

  constructor(context: ViewContext) {
    this.#context = context;
    this.#heatmap = new Heatmap(context.themes.theme.value);
  }

  mount(root: HTMLElement): void {
    this.#root = root;
    root.append(this.#heatmap.canvas);
    this.#stopNews = this.#context.live.onNews(() => void this.#load(this.#context.router.route));
  }

  show(route: Route): void {
    void this.#load(route);
  }

  unmount(): void {
    this.#stopNews?.();
    this.#request.cancel();
    this.#heatmap.dispose();
    this.#root = undefined;
  }

  async #load({ selection }: Route): Promise<void> {
    try {
      const grid = await this.#request.run((signal) => this.#context.api.grid(selection, signal));
      if (grid !== undefined) this.#heatmap.setGrid(grid, scaleOf(grid, 1));
    } catch (error) {
      this.#root?.replaceChildren(errorNotice(error));
    }
  }
}
