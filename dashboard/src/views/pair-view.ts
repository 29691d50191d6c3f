/** One pair, both ways: how its delays and its loss went over the kept windows, their distribution, its paths. */

import type { Cdf, Pair, Paths, Windows } from '../api/types.js';
import { CdfChart } from '../chart/cdf-chart.js';
import { DetailBar } from '../detail/detail-bar.js';
import { HistoryPanel } from '../detail/history-panel.js';
import { leftOutNote } from '../detail/left-out.js';
import { PageBanner } from '../detail/page-banner.js';
import { ifKnown, isPassing, PageLoad } from '../detail/page-load.js';
import { pathsSection } from '../detail/paths-section.js';
import { shownWindow, spanOf } from '../detail/span.js';
import { LEVEL_NAMES } from '../grid/scopes.js';
import { DELAY_NAMES } from '../grid/words.js';
import { formatRoute, type Route, type Selection } from '../route.js';
import { fill, h } from '../ui/dom.js';
import { formatTime } from '../ui/format.js';
import { errorNotice } from '../ui/notice.js';
import type { View, ViewContext } from './view.js';

type PairRoute = Extract<Route, { page: 'pair' }>;

interface Direction {
  readonly pair: Pair | undefined;
  readonly cdf: Cdf | undefined;
}

interface Loaded {
  readonly route: PairRoute;
  readonly windows: Windows;
  readonly there: Direction & { readonly pair: Pair };
  readonly back: Direction;
  /** Of hosts, in the chosen window. */
  readonly paths: Paths | undefined;
}

export class PairView implements View {
  readonly #context: ViewContext;
  readonly #bar: DetailBar;
  readonly #there: HistoryPanel;
  readonly #back: HistoryPanel;
  readonly #cdf = new CdfChart();
  readonly #cdfTitle = h('h2');
  readonly #head = h('div', { class: 'detail-head' });
  readonly #banner: PageBanner;
  readonly #instead = h('div', { hidden: true });
  readonly #left = h('p', { class: 'soft' });
  readonly #paths = h('section', { class: 'paths', 'aria-label': 'Paths' });
  readonly #body: HTMLElement;
  #load: PageLoad<Loaded> | undefined;
  #loaded: Loaded | undefined;

  constructor(context: ViewContext) {
    this.#context = context;
    const choose = (at: number): void => context.router.select({ at }, { replace: true });
    this.#bar = new DetailBar(context.router);
    this.#banner = new PageBanner(context.api, context.live);
    this.#there = new HistoryPanel(choose);
    this.#back = new HistoryPanel(choose);
    const histories = h('div', { class: 'directions' }, this.#there.element, this.#back.element);
    const distribution = h('section', { 'aria-label': 'Distribution' }, this.#cdfTitle, this.#cdf.element);
    this.#body = h('div', { class: 'detail-body', hidden: true }, histories, this.#left, distribution, this.#paths);
  }

  mount(root: HTMLElement): void {
    root.append(this.#head, this.#bar.element, this.#bar.timeline, this.#banner.element, this.#instead, this.#body);
    this.#load = new PageLoad({
      live: this.#context.live,
      ask: (signal) => this.#ask(signal),
      onLoaded: (loaded) => this.#present(loaded),
      onFailed: (error) => this.#presentFailure(error),
    });
  }

  show(route: Route): void {
    if (route.page !== 'pair') return;
    this.#showHead(route);
    // Where the next step goes on from, whenever the answer comes.
    for (const panel of [this.#there, this.#back]) panel.moveCursor(route.selection.at);
    void this.#load?.load();
  }

  unmount(): void {
    this.#load?.end();
    this.#banner.end();
    this.#there.dispose();
    this.#back.dispose();
    this.#cdf.dispose();
  }

  async #ask(signal: AbortSignal): Promise<Loaded> {
    const { api, router } = this.#context;
    const route = router.route as PairRoute;
    const { src, dst } = route;
    const selection: Selection = { ...route.selection, level: route.selection.level ?? 'host' };
    const cdf = (ends: { src: string; dst: string }) => ifKnown(api.cdf(ends, selection, signal));
    const [windows, pair, other, thereCdf, backCdf, paths] = await Promise.all([
      api.windows(signal),
      ifKnown(api.pair(src, dst, selection, signal)),
      ifKnown(api.pair(dst, src, selection, signal)),
      cdf({ src, dst }),
      cdf({ src: dst, dst: src }),
      selection.level === 'host' ? ifKnown(api.paths(src, dst, selection, signal)) : undefined,
    ]);
    // With neither direction the server's own words say why.
    const there =
      pair ?? (other === undefined ? await api.pair(src, dst, selection, signal) : without(other, src, dst));
    return { route, windows, there: { pair: there, cdf: thereCdf }, back: { pair: other, cdf: backCdf }, paths };
  }

  #showHead({ src, dst, selection }: PairRoute): void {
    const level = selection.level ?? 'host';
    const { box: _, srcIn: _in, dstIn: _of, ...rest } = selection;
    const nameOf = (name: string) =>
      level === 'host' ? h('a', { href: formatRoute({ page: 'host', name, selection: rest }) }, name) : name;
    const kind = level === 'host' ? false : h('span', { class: 'soft' }, `${LEVEL_NAMES[level]} `);
    const swapped = formatRoute({ page: 'pair', src: dst, dst: src, selection });
    fill(
      this.#head,
      h('h1', {}, kind || '', nameOf(src), ' → ', nameOf(dst)),
      h('a', { class: 'button', href: swapped }, 'Other way round'),
      h('a', { class: 'button', href: formatRoute({ page: 'grid', selection: { ...rest, level } }) }, 'In the grid'),
    );
  }

  #present(loaded: Loaded): void {
    this.#loaded = loaded;
    const { route, windows, there, back, paths } = loaded;
    const { selection, src, dst } = route;
    const { transport } = there.pair;
    const shownMs = there.cdf?.window.start_ms ?? back.cdf?.window.start_ms;
    this.#instead.hidden = true;
    this.#body.hidden = false;
    this.#bar.show(windows, transport, selection, shownMs, this.#context.api.nowMs());
    this.#banner.show(shownWindow(windows, transport, selection, shownMs));
    const both = [...there.pair.windows, ...(back.pair?.windows ?? [])];
    const span = spanOf(both, windows, transport, selection.at ?? shownMs);
    const [out, into] = [there.pair.windows, back.pair?.windows ?? []];
    this.#there.show(`${src} → ${dst}`, out, into, span);
    this.#back.show(`${dst} → ${src}`, into, out, span);
    fill(this.#left, leftOutNote(Math.max(there.pair.left_out_windows, back.pair?.left_out_windows ?? 0)));
    const delay = DELAY_NAMES[selection.delay ?? 'network_rtt'];
    const when = shownMs === undefined ? 'this window is not kept' : `window ${formatTime(shownMs)}`;
    this.#cdfTitle.textContent = `Distribution of ${delay}, ${when}`;
    this.#cdf.show([
      ...(there.cdf === undefined ? [] : [{ name: `${src} → ${dst}`, cdf: there.cdf }]),
      ...(back.cdf === undefined ? [] : [{ name: `${dst} → ${src}`, cdf: back.cdf }]),
    ]);
    fill(this.#paths, ...pathsSection(paths, selection));
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

/** The other direction is known only. */
function without(other: Pair, src: string, dst: string): Pair {
  return { ...other, src, dst, windows: [], left_out_windows: 0 };
}
