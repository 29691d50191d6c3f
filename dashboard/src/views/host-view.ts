/** One host: where it stands, what its row and its column say now and over the kept windows, and what names it. */

import type { Cdf, Figures, Host, HostEnd, Pattern, Windows } from '../api/types.js';
import { CdfChart } from '../chart/cdf-chart.js';
import { DetailBar } from '../detail/detail-bar.js';
import { HistoryPanel } from '../detail/history-panel.js';
import { leftOutNote } from '../detail/left-out.js';
import { PageBanner } from '../detail/page-banner.js';
import { ifKnown, isPassing, PageLoad } from '../detail/page-load.js';
import { shownWindow, spanOf } from '../detail/span.js';
import { LEVEL_NAMES } from '../grid/scopes.js';
import { DELAY_NAMES, figureOf, patternName, STAT_NAMES, TRANSPORT_NAMES } from '../grid/words.js';
import { DELAYS, type Delay, formatRoute, type Route, type Selection } from '../route.js';
import { fill, h } from '../ui/dom.js';
import { formatCount, formatDuration, formatRatio, formatTime } from '../ui/format.js';
import { errorNotice } from '../ui/notice.js';
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
  readonly #bar: DetailBar;
  readonly #out: HistoryPanel;
  readonly #in: HistoryPanel;
  readonly #cdf = new CdfChart();
  readonly #cdfTitle = h('h2');
  readonly #head = h('div', { class: 'detail-head' });
  readonly #place = h('section', { class: 'place', 'aria-label': 'Place' });
  readonly #patterns = h('section', { class: 'patterns', 'aria-label': 'Patterns' });
  readonly #left = h('p', { class: 'soft' });
  readonly #ends = h('div', { class: 'directions' });
  readonly #banner: PageBanner;
  readonly #instead = h('div', { hidden: true });
  readonly #body: HTMLElement;
  readonly #tables: readonly [SortedTable<Peer>, SortedTable<Peer>];
  #load: PageLoad<Loaded> | undefined;
  #loaded: Loaded | undefined;

  constructor(context: ViewContext) {
    this.#context = context;
    const choose = (at: number): void => context.router.select({ at }, { replace: true });
    this.#bar = new DetailBar(context.router);
    this.#banner = new PageBanner(context.api, context.live);
    this.#out = new HistoryPanel(choose);
    this.#in = new HistoryPanel(choose);
    this.#tables = [this.#tableOf('Destinations', false), this.#tableOf('Sources', true)];
    const histories = h('div', { class: 'directions' }, this.#out.element, this.#in.element);
    const distribution = h('section', { 'aria-label': 'Distribution' }, this.#cdfTitle, this.#cdf.element);
    const parts = [this.#place, this.#patterns, this.#ends, histories, this.#left, distribution];
    this.#body = h('div', { class: 'detail-body', hidden: true }, ...parts);
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
    if (route.page !== 'host') return;
    const { transport, at } = route.selection;
    const selection: Selection = { level: 'host', ...(transport && { transport }), ...(at !== undefined && { at }) };
    const grid = h('a', { class: 'button', href: formatRoute({ page: 'grid', selection }) }, 'In the grid');
    fill(this.#head, h('h1', {}, route.name), grid);
    // Where the next step goes on from, whenever the answer comes.
    for (const panel of [this.#out, this.#in]) panel.moveCursor(at);
    void this.#load?.load();
  }

  unmount(): void {
    this.#load?.end();
    this.#banner.end();
    this.#out.dispose();
    this.#in.dispose();
    this.#cdf.dispose();
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

  #present(loaded: Loaded): void {
    this.#loaded = loaded;
    const { route, windows, host, asSource, asDestination } = loaded;
    const { selection } = route;
    this.#instead.hidden = true;
    this.#body.hidden = false;
    const own = { ...windows, transports: windows.transports.filter(({ transport }) => isOf(host, transport)) };
    this.#bar.show(own, host.transport, selection, host.window.start_ms, this.#context.api.nowMs());
    this.#banner.show(shownWindow(windows, host.transport, selection, host.window.start_ms));
    this.#showPlace(host, selection);
    this.#showPatterns(host, selection);
    this.#showEnds(host);
    const span = spanOf(host.history, windows, host.transport, host.window.start_ms);
    const of = (end: 'as_source' | 'as_destination') =>
      host.history.flatMap(({ as_source, as_destination, ...window }) => {
        const figures = end === 'as_source' ? as_source : as_destination;
        return figures === null ? [] : [{ ...window, ...figures }];
      });
    const [out, into] = [of('as_source'), of('as_destination')];
    this.#out.show(`From ${host.host}`, out, into, span);
    this.#in.show(`To ${host.host}`, into, out, span);
    fill(this.#left, leftOutNote(host.left_out_windows));
    const delay = DELAY_NAMES[selection.delay ?? 'network_rtt'];
    this.#cdfTitle.textContent = `Distribution of ${delay}, window ${formatTime(host.window.start_ms)}`;
    this.#cdf.show([
      ...(asSource === undefined ? [] : [{ name: `from ${host.host}`, cdf: asSource }]),
      ...(asDestination === undefined ? [] : [{ name: `to ${host.host}`, cdf: asDestination }]),
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
    const { host, route } = this.#loaded ?? {};
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
