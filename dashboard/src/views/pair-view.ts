/** One pair, both ways: how its delays and its loss went over the kept windows, their distribution, its paths. */

import type { Cdf, Pair, Paths, Windows } from '../api/types.js';
import { DetailPage } from '../detail/detail-page.js';
import { ifKnown } from '../detail/page-load.js';
import { pathsSection } from '../detail/paths-section.js';
import { spanOf } from '../detail/span.js';
import { LEVEL_NAMES } from '../grid/scopes.js';
import { formatRoute, type Route, type Selection } from '../route.js';
import { fill, h } from '../ui/dom.js';
import { formatTime } from '../ui/format.js';
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
  readonly #page: DetailPage<Loaded>;
  readonly #paths = h('section', { class: 'paths', 'aria-label': 'Paths' });

  constructor(context: ViewContext) {
    this.#context = context;
    this.#page = new DetailPage(context, {
      above: [],
      below: [this.#paths],
      ask: (signal) => this.#ask(signal),
      present: (loaded) => this.#present(loaded),
    });
  }

  mount(root: HTMLElement): void {
    this.#page.mount(root);
  }

  show(route: Route): void {
    if (route.page === 'pair') this.#page.open(route.selection, ...headOf(route));
  }

  unmount(): void {
    this.#page.unmount();
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

  #present({ route, windows, there, back, paths }: Loaded): void {
    const { selection, src, dst } = route;
    const { transport } = there.pair;
    const startMs = there.cdf?.window.start_ms ?? back.cdf?.window.start_ms;
    this.#page.showControls({ windows, transport, selection, startMs });
    const out = { title: `${src} → ${dst}`, items: there.pair.windows };
    const into = { title: `${dst} → ${src}`, items: back.pair?.windows ?? [] };
    const span = spanOf([...out.items, ...into.items], windows, transport, selection.at ?? startMs);
    const leftOut = Math.max(there.pair.left_out_windows, back.pair?.left_out_windows ?? 0);
    this.#page.showHistories([out, into], span, leftOut);
    const when = startMs === undefined ? 'this window is not kept' : `window ${formatTime(startMs)}`;
    this.#page.showDistribution(selection, when, [
      { name: out.title, cdf: there.cdf },
      { name: into.title, cdf: back.cdf },
    ]);
    fill(this.#paths, ...pathsSection(paths, selection));
  }
}

function headOf({ src, dst, selection }: PairRoute): HTMLElement[] {
  const level = selection.level ?? 'host';
  const { box: _, srcIn: _in, dstIn: _of, ...rest } = selection;
  const nameOf = (name: string) =>
    level === 'host' ? h('a', { href: formatRoute({ page: 'host', name, selection: rest }) }, name) : name;
  const kind = level === 'host' ? false : h('span', { class: 'soft' }, `${LEVEL_NAMES[level]} `);
  const swapped = formatRoute({ page: 'pair', src: dst, dst: src, selection });
  return [
    h('h1', {}, kind || '', nameOf(src), ' → ', nameOf(dst)),
    h('a', { class: 'button', href: swapped }, 'Other way round'),
    h('a', { class: 'button', href: formatRoute({ page: 'grid', selection: { ...rest, level } }) }, 'In the grid'),
  ];
}

/** The other direction is known only. */
function without(other: Pair, src: string, dst: string): Pair {
  return { ...other, src, dst, windows: [], left_out_windows: 0 };
}
