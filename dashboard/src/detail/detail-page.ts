/**
 * What the pages of a pair and of a host share: head, controls, banner, the histories of two directions side by side and a
 * distribution; their loading, and what stands there when it fails.
 */

import type { Windows } from '../api/types.js';
import { CdfChart, type NamedCdf } from '../chart/cdf-chart.js';
import { DELAY_NAMES } from '../grid/words.js';
import type { Selection } from '../route.js';
import { fill, h } from '../ui/dom.js';
import { errorNotice } from '../ui/notice.js';
import type { ViewContext } from '../views/view.js';
import { DetailBar } from './detail-bar.js';
import { type HistoryItem, HistoryPanel, type HistorySpan } from './history-panel.js';
import { leftOutNote } from './left-out.js';
import { PageBanner } from './page-banner.js';
import { isPassing, PageLoad } from './page-load.js';
import { shownWindow } from './span.js';

export interface DetailPagePlan<Loaded> {
  /** What stands above the histories and below the distribution. */
  readonly above: readonly HTMLElement[];
  readonly below: readonly HTMLElement[];
  /** Asks for all that the route shows now. */
  readonly ask: (signal: AbortSignal) => Promise<Loaded>;
  /** Puts the answer on the page. */
  readonly present: (loaded: Loaded) => void;
}

/** What is shown. */
export interface ShownDetail {
  readonly windows: Windows;
  readonly transport: string;
  readonly selection: Selection;
  /** Start of its window, if one is shown. */
  readonly startMs: number | undefined;
}

export interface Direction {
  readonly title: string;
  readonly items: readonly HistoryItem[];
}

/** Lives as long as its view is mounted. */
export class DetailPage<Loaded> {
  readonly #context: ViewContext;
  readonly #plan: DetailPagePlan<Loaded>;
  readonly #head = h('div', { class: 'detail-head' });
  readonly #bar: DetailBar;
  readonly #banner: PageBanner;
  readonly #instead = h('div', { hidden: true });
  readonly #histories: readonly [HistoryPanel, HistoryPanel];
  readonly #left = h('p', { class: 'soft' });
  readonly #cdf = new CdfChart();
  readonly #cdfTitle = h('h2');
  readonly #body: HTMLElement;
  #load: PageLoad<Loaded> | undefined;
  #loaded: Loaded | undefined;

  constructor(context: ViewContext, plan: DetailPagePlan<Loaded>) {
    const choose = (at: number): void => context.router.select({ at }, { replace: true });
    this.#context = context;
    this.#plan = plan;
    this.#bar = new DetailBar(context.router);
    this.#banner = new PageBanner(context.api, context.live);
    this.#histories = [new HistoryPanel(choose), new HistoryPanel(choose)];
    const histories = h('div', { class: 'directions' }, ...this.#histories.map(({ element }) => element));
    const distribution = h('section', { 'aria-label': 'Distribution' }, this.#cdfTitle, this.#cdf.element);
    const parts = [...plan.above, histories, this.#left, distribution, ...plan.below];
    this.#body = h('div', { class: 'detail-body', hidden: true }, ...parts);
  }

  /** What was put on the page last. */
  get loaded(): Loaded | undefined {
    return this.#loaded;
  }

  mount(root: HTMLElement): void {
    root.append(this.#head, this.#bar.element, this.#bar.timeline, this.#banner.element, this.#instead, this.#body);
    this.#load = new PageLoad({
      live: this.#context.live,
      ask: this.#plan.ask,
      onLoaded: (loaded) => this.#present(loaded),
      onFailed: (error) => this.#presentFailure(error),
    });
  }

  unmount(): void {
    this.#load?.end();
    this.#banner.end();
    for (const panel of this.#histories) panel.dispose();
    this.#cdf.dispose();
  }

  /** Another route: its head now, the rest when its answer is there. */
  open(selection: Selection, ...head: HTMLElement[]): void {
    fill(this.#head, ...head);
    // Where the next step goes on from, whenever the answer comes.
    for (const panel of this.#histories) panel.moveCursor(selection.at);
    void this.#load?.load();
  }

  /** `offered`: what there is to choose from, if that is not all windows. */
  showControls(shown: ShownDetail, offered: Windows = shown.windows): void {
    const { windows, transport, selection, startMs } = shown;
    this.#bar.show(offered, transport, selection, startMs, this.#context.api.nowMs());
    this.#banner.show(shownWindow(windows, transport, selection, startMs));
  }

  /** `leftOut`: older windows that are kept and not among them. */
  showHistories([one, other]: readonly [Direction, Direction], span: HistorySpan, leftOut: number): void {
    this.#histories[0].show(one.title, one.items, other.items, span);
    this.#histories[1].show(other.title, other.items, one.items, span);
    fill(this.#left, leftOutNote(leftOut));
  }

  /** `when`: of which window. A curve that is undefined is not known. */
  showDistribution(
    { delay = 'network_rtt' }: Selection,
    when: string,
    curves: readonly (Omit<NamedCdf, 'cdf'> & { readonly cdf: NamedCdf['cdf'] | undefined })[],
  ): void {
    this.#cdfTitle.textContent = `Distribution of ${DELAY_NAMES[delay]}, ${when}`;
    this.#cdf.show(curves.flatMap(({ name, cdf }) => (cdf === undefined ? [] : [{ name, cdf }])));
  }

  #present(loaded: Loaded): void {
    this.#loaded = loaded;
    this.#instead.hidden = true;
    this.#body.hidden = false;
    this.#plan.present(loaded);
  }

  /** An old picture is better than none, if it says that it is old. */
  #presentFailure(error: unknown): void {
    if (this.#loaded !== undefined && isPassing(error)) {
      this.#banner.fail(error);
      return;
    }
    this.#banner.clear();
    this.#body.hidden = true;
    this.#instead.hidden = false;
    fill(this.#instead, errorNotice(error));
  }
}
