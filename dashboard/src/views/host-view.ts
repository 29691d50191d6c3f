/** One host: where it stands, what its row and its column say now and over the kept windows, and what names it. */

import type { Cdf, Figures, Host, HostEnd, Pattern, Windows } from '../api/types.js';
import { DetailPage } from '../detail/detail-page.js';
import { ifKnown } from '../detail/page-load.js';
import { spanOf } from '../detail/span.js';
import { LEVEL_NAMES } from '../grid/scopes.js';
import { DELAY_NAMES, figureOf, patternName, STAT_NAMES, TRANSPORT_NAMES } from '../grid/words.js';
import { DELAYS, type Delay, formatRoute, type Route, type Selection } from '../route.js';
import { fill, h } from '../ui/dom.js';
import { formatCount, formatDuration, formatRatio, formatTime } from '../ui/format.js';
import { type Column, SortedTable } from '../ui/sorted-table.js';
import type { View, ViewContext } from './view.js';

type HostRoute = Extract<Route, { page: 'host' }>;
type Peer = HostEnd['worst'][number];

/** Other ends that are listed of each direction. */
const PEERS = 200;

interface Loaded {
  readonly route: HostRoute;
  readonly windows: Windows;
  readonly host: Host;
  readonly asSource: Cdf | undefined;
  readonly asDestination: Cdf | undefined;
}

export class HostView implements View {
  readonly #context: ViewContext;
  readonly #page: DetailPage<Loaded>;
  readonly #place = h('section', { class: 'place', 'aria-label': 'Place' });
  readonly #patterns = h('section', { class: 'patterns', 'aria-label': 'Patterns' });
  readonly #ends = h('div', { class: 'directions' });
  readonly #tables: readonly [SortedTable<Peer>, SortedTable<Peer>];

  constructor(context: ViewContext) {
    this.#context = context;
    this.#tables = [this.#tableOf('Destinations', false), this.#tableOf('Sources', true)];
    this.#page = new DetailPage(context, {
      above: [this.#place, this.#patterns, this.#ends],
      below: [],
      ask: (signal) => this.#ask(signal),
      present: (loaded) => this.#present(loaded),
    });
  }

  mount(root: HTMLElement): void {
    this.#page.mount(root);
  }

  show(route: Route): void {
    if (route.page !== 'host') return;
    const { transport, at } = route.selection;
    const selection: Selection = { level: 'host', ...(transport && { transport }), ...(at !== undefined && { at }) };
    const grid = h('a', { class: 'button', href: formatRoute({ page: 'grid', selection }) }, 'In the grid');
    this.#page.open(route.selection, h('h1', {}, route.name), grid);
  }

  unmount(): void {
    this.#page.unmount();
  }

  async #ask(signal: AbortSignal): Promise<Loaded> {
    const { api, router } = this.#context;
    const route = router.route as HostRoute;
    const { name } = route;
    const { at, delay, stat, ...rest } = route.selection;
    const selection: Selection = {
      ...(rest.transport && { transport: rest.transport }),
      ...(at !== undefined && { at }),
      ...(delay && { delay }),
      level: 'host',
    };
    const [windows, host] = await Promise.all([
      api.windows(signal),
      api.host(name, { ...selection, ...(stat && { stat }) }, PEERS, signal),
    ]);
    // The host chooses the transport when nobody else did.
    const of = { ...selection, transport: host.transport };
    const [asSource, asDestination] = await Promise.all([
      ifKnown(api.cdf({ src: name }, of, signal)),
      ifKnown(api.cdf({ dst: name }, of, signal)),
    ]);
    return { route, windows, host, asSource, asDestination };
  }

  #present({ route, windows, host, asSource, asDestination }: Loaded): void {
    const { selection } = route;
    const { transport } = host;
    const startMs = host.window.start_ms;
    const own = { ...windows, transports: windows.transports.filter((one) => isOf(host, one.transport)) };
    this.#page.showControls({ windows, transport, selection, startMs }, own);
    this.#showPlace(host, selection);
    this.#showPatterns(host, selection);
    this.#showEnds(host);
    const itemsOf = (end: 'as_source' | 'as_destination') =>
      host.history.flatMap(({ as_source, as_destination, ...window }) => {
        const figures = end === 'as_source' ? as_source : as_destination;
        return figures === null ? [] : [{ ...window, ...figures }];
      });
    const out = { title: `From ${host.host}`, items: itemsOf('as_source') };
    const into = { title: `To ${host.host}`, items: itemsOf('as_destination') };
    const span = spanOf(host.history, windows, transport, startMs);
    this.#page.showHistories([out, into], span, host.left_out_windows);
    this.#page.showDistribution(selection, `window ${formatTime(startMs)}`, [
      { name: `from ${host.host}`, cdf: asSource },
      { name: `to ${host.host}`, cdf: asDestination },
    ]);
  }

  #showPlace({ labels, groups, transports }: Host, selection: Selection): void {
    const { transport, at } = selection;
    const rest: Selection = { ...(transport && { transport }), ...(at !== undefined && { at }) };
    const places = (['dc', 'pod', 'tor'] as const).flatMap((level) => {
      const value = labels[level];
      if (value === undefined) return [];
      const scope = `${level}:${groups[level]}`;
      const href = formatRoute({ page: 'grid', selection: { ...rest, level: 'host', srcIn: scope, dstIn: scope } });
      return [h('dt', {}, LEVEL_NAMES[level]), h('dd', {}, h('a', { href }, value))];
    });
    const seen = transports.map(
      ({ transport: name, pairs_as_source: out, pairs_as_destination: into, windows }) =>
        `${TRANSPORT_NAMES[name] ?? name}: probes ${formatCount(out)}, probed by ${formatCount(into)}, windows: ${formatCount(windows)}`,
    );
    const none = h('dd', { class: 'soft' }, 'no labels dc, pod or tor');
    fill(
      this.#place,
      h(
        'dl',
        { class: 'facts' },
        ...(places.length > 0 ? places : [h('dt', {}, 'Labels'), none]),
        h('dt', {}, 'Seen'),
        h('dd', {}, ...seen.map((text) => h('div', {}, text))),
      ),
    );
  }

  #showPatterns({ patterns, patterns_of: looked, transport, window }: Host, { at }: Selection): void {
    const item = (found: Pattern) => {
      const { pattern, level, name, rule } = found;
      const time = at === undefined ? {} : { at: window.start_ms };
      const selection: Selection = { transport, level, ...figureOf(found), ...time };
      const link = h('a', { href: formatRoute({ page: 'grid', selection }) }, `${patternName(pattern)} ${name}`);
      return h('li', {}, link, h('span', { class: 'rule' }, rule));
    };
    const grids = looked.map(({ level, within }) => `${LEVEL_NAMES[level]}${within === null ? '' : ` in ${within}`}`);
    fill(
      this.#patterns,
      h('h2', {}, 'Patterns'),
      patterns.length > 0
        ? h('ul', {}, ...patterns.map(item))
        : h('p', { class: 'soft' }, `None names it or what it is part of (grids looked at: ${grids.join(', ')}).`),
    );
  }

  #showEnds(host: Host): void {
    const ends = [
      { title: `Its row: from ${host.host}`, end: host.as_source, table: this.#tables[0] },
      { title: `Its column: to ${host.host}`, end: host.as_destination, table: this.#tables[1] },
    ];
    const sections = ends.map(({ title, end, table }) => {
      table.show(end.worst);
      const left = end.pairs - end.worst.length;
      return h(
        'section',
        { 'aria-label': title },
        h('h2', {}, `${title}, window ${formatTime(host.window.start_ms)}`),
        h('p', {}, end.pairs === 0 ? 'No data in this window.' : sumOf(end)),
        end.pairs > 0 && h('div', { class: 'peers' }, table.element),
        left > 0 && h('p', { class: 'soft' }, `and ${formatCount(left)} more`),
      );
    });
    fill(this.#ends, ...sections);
  }

  #tableOf(title: string, isColumn: boolean): SortedTable<Peer> {
    const delays = DELAYS.map(
      (delay: Delay): Column<Peer> => ({
        title: `${DELAY_NAMES[delay]} p99`,
        isNumber: true,
        key: (peer) => peer[delay]?.p99 ?? null,
        show: (peer) => (peer[delay] === null ? 'no answer' : formatDuration(peer[delay].p99)),
      }),
    );
    return new SortedTable(title, [
      { title: 'Host', key: ({ host }) => host, show: ({ host }) => this.#pairLink(host, isColumn) },
      ...delays,
      {
        title: 'Loss',
        isNumber: true,
        key: ({ loss }) => loss,
        show: ({ loss }) => (loss === null ? '–' : formatRatio(loss)),
      },
      {
        title: 'Sent',
        isNumber: true,
        key: ({ counts }) => counts.sent,
        show: ({ counts }) => formatCount(counts.sent),
      },
    ]);
  }

  #pairLink(other: string, isColumn: boolean): HTMLElement {
    const { host, route } = this.#page.loaded ?? {};
    const own = host?.host ?? '';
    const { at, delay } = route?.selection ?? {};
    const selection: Selection = {
      ...(host && { transport: host.transport }),
      ...(at !== undefined && { at }),
      ...(delay && { delay }),
    };
    const [src, dst] = isColumn ? [other, own] : [own, other];
    return h('a', { href: formatRoute({ page: 'pair', src, dst, selection }) }, other);
  }
}

function isOf({ transports }: Host, transport: string): boolean {
  return transports.some((one) => one.transport === transport);
}

/** `31 hosts, Network RTT p99 220 µs, …; loss 0 % of 640 probes`. */
function sumOf(end: HostEnd): string {
  const delays = DELAYS.flatMap((delay) => {
    const figures: Figures[Delay] = end[delay];
    return figures === null ? [] : [`${DELAY_NAMES[delay]} ${STAT_NAMES.p99} ${formatDuration(figures.p99)}`];
  });
  const loss =
    end.loss === null ? 'nothing sent' : `loss ${formatRatio(end.loss)} of ${formatCount(end.counts.sent)} probes`;
  return [`${formatCount(end.pairs)} hosts together`, ...delays, loss].join(' · ');
}
