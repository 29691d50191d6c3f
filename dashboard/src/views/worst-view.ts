/** The pairs with the largest values of the chosen figure: where to look first. */

import type { Windows, Worst, WorstPair } from '../api/types.js';
import { PageBanner } from '../detail/page-banner.js';
import { isPassing, PageLoad } from '../detail/page-load.js';
import { shownWindow } from '../detail/span.js';
import { Choice } from '../grid/choice.js';
import { LEVEL_NAMES, LEVELS_DOWN } from '../grid/scopes.js';
import { Timeline } from '../grid/timeline.js';
import { DELAY_NAMES, STAT_NAMES, TRANSPORT_NAMES } from '../grid/words.js';
import {
  DELAY_STATS,
  DELAYS,
  type Delay,
  formatRoute,
  type Level,
  PROBE_STATS,
  type Route,
  type Selection,
  type Stat,
} from '../route.js';
import { fill, h } from '../ui/dom.js';
import { formatCount, formatDuration, formatRatio, formatValue } from '../ui/format.js';
import { errorNotice } from '../ui/notice.js';
import { type Column, SortedTable } from '../ui/sorted-table.js';
import type { View, ViewContext } from './view.js';

const PAIRS = 100;

interface Loaded {
  readonly windows: Windows;
  readonly worst: Worst;
}

type Shown = Selection & Required<Pick<Selection, 'level' | 'delay' | 'stat'>>;

export class WorstView implements View {
  readonly #context: ViewContext;
  readonly #transports: Choice<string>;
  readonly #levels: Choice<Level>;
  readonly #delays: Choice<Delay>;
  readonly #stats = h('select', { 'aria-label': 'Figure' });
  readonly #timeline: Timeline;
  readonly #banner: PageBanner;
  readonly #result = h('div', { class: 'result' });
  #load: PageLoad<Loaded> | undefined;
  #table: SortedTable<WorstPair> | undefined;
  /** What the columns of the table depend on. */
  #tableOf = '';
  #last: Worst | undefined;

  constructor(context: ViewContext) {
    this.#context = context;
    const { router } = context;
    this.#banner = new PageBanner(context.api, context.live);
    this.#transports = new Choice('Transport', (transport) => router.select({ transport }));
    this.#levels = new Choice('Level', (level) => router.select({ level, srcIn: undefined, dstIn: undefined }));
    this.#delays = new Choice('Delay', (delay) => router.select({ delay }));
    this.#timeline = new Timeline((at) => router.select({ at }, { replace: true }));
    fill(this.#stats, ...[...DELAY_STATS, ...PROBE_STATS].map((value) => h('option', { value }, STAT_NAMES[value])));
    this.#stats.addEventListener('change', () => router.select({ stat: this.#stats.value as Stat }));
  }

  mount(root: HTMLElement): void {
    const choices = [this.#transports.element, this.#levels.element, this.#delays.element, this.#stats];
    root.append(
      h('h1', {}, 'Worst pairs'),
      h('div', { class: 'toolbar' }, ...choices),
      this.#timeline.element,
      this.#banner.element,
      this.#result,
    );
    this.#load = new PageLoad({
      live: this.#context.live,
      ask: (signal) => this.#ask(signal),
      onLoaded: (loaded) => this.#present(loaded),
      onFailed: (error) => this.#presentFailure(error),
    });
  }

  show(): void {
    void this.#load?.load();
  }

  unmount(): void {
    this.#load?.end();
    this.#banner.end();
  }

  get #shown(): Shown {
    const { selection }: Route = this.#context.router.route;
    return { level: 'host', delay: 'network_rtt', stat: 'p99', ...selection };
  }

  async #ask(signal: AbortSignal): Promise<Loaded> {
    const { api } = this.#context;
    const [windows, worst] = await Promise.all([api.windows(signal), api.worst(this.#shown, PAIRS, signal)]);
    return { windows, worst };
  }

  #present({ windows, worst }: Loaded): void {
    this.#last = worst;
    const shown = this.#shown;
    this.#transports.show(
      windows.transports.map(({ transport: value }) => ({ value, text: TRANSPORT_NAMES[value] ?? value })),
      worst.transport,
    );
    this.#levels.show(
      LEVELS_DOWN.map((value) => ({ value, text: LEVEL_NAMES[value] })),
      shown.level,
    );
    this.#delays.show(
      DELAYS.map((value) => ({ value, text: DELAY_NAMES[value] })),
      shown.delay,
    );
    this.#stats.value = shown.stat;
    const own = windows.transports.find(({ transport }) => transport === worst.transport);
    const startMs = worst.window.start_ms;
    this.#timeline.show(own, startMs, shown.at === undefined, this.#context.api.nowMs());
    this.#banner.show(shownWindow(windows, worst.transport, shown, startMs));
    this.#showTable(worst, shown);
  }

  /** A table stays when only its rows change, and with it how it is sorted. */
  #showTable(worst: Worst, shown: Shown): void {
    const key = JSON.stringify([worst.transport, shown]);
    if (worst.pairs.length === 0) {
      this.#tableOf = '';
      fill(
        this.#result,
        h('p', { class: 'soft' }, `No pair has a value of this in this window: nothing was measured.`),
      );
      return;
    }
    if (this.#table === undefined || this.#tableOf !== key) {
      this.#table = new SortedTable(captionOf(worst), columnsOf(worst, shown));
      this.#tableOf = key;
      fill(this.#result, this.#table.element);
    }
    this.#table.show(worst.pairs);
  }

  #presentFailure(error: unknown): void {
    if (this.#last !== undefined && isPassing(error)) this.#banner.fail(error);
    else {
      this.#banner.clear();
      this.#tableOf = '';
      fill(this.#result, errorNotice(error));
    }
  }
}

function captionOf({ pairs, stat, delay, unit }: Worst): string {
  const of = unit === 'ns' ? `${DELAY_NAMES[delay]} ${STAT_NAMES[stat as Stat]}` : STAT_NAMES[stat as Stat];
  return `The ${pairs.length} pairs with the largest values of: ${of}`;
}

function columnsOf({ unit, stat, delay, transport }: Worst, shown: Shown): Column<WorstPair>[] {
  const { at, level } = shown;
  const selection: Selection = { transport, delay, ...(at !== undefined && { at }) };
  const end = (name: string) =>
    level === 'host' ? h('a', { href: formatRoute({ page: 'host', name, selection }) }, name) : name;
  const pairLink = ({ src, dst }: WorstPair) =>
    h(
      'a',
      {
        href: formatRoute({
          page: 'pair',
          src,
          dst,
          selection: level === 'host' ? selection : { ...selection, level },
        }),
        'aria-label': `History of ${src} to ${dst}`,
      },
      'history',
    );
  const value = unit === 'ns' ? `${DELAY_NAMES[delay]} ${STAT_NAMES[stat as Stat]}` : STAT_NAMES[stat as Stat];
  const p99 = (of: Delay): Column<WorstPair> => ({
    title: `${DELAY_NAMES[of]} p99`,
    isNumber: true,
    key: (pair) => pair[of]?.p99 ?? null,
    show: (pair) => (pair[of] === null ? 'no answer' : formatDuration(pair[of].p99)),
  });
  return [
    { title: 'Source', key: ({ src }) => src, show: ({ src }) => end(src) },
    { title: 'Destination', key: ({ dst }) => dst, show: ({ dst }) => end(dst) },
    { title: capital(value), isNumber: true, key: (pair) => pair.value, show: (pair) => formatValue(pair.value, unit) },
    ...DELAYS.filter((of) => !(stat === 'p99' && of === delay)).map(p99),
    ...(stat === 'loss'
      ? []
      : [
          {
            title: 'Loss',
            isNumber: true,
            key: (pair: WorstPair) => pair.loss,
            show: ({ loss }: WorstPair) => (loss === null ? '–' : formatRatio(loss)),
          },
        ]),
    { title: 'Sent', isNumber: true, key: ({ counts }) => counts.sent, show: ({ counts }) => formatCount(counts.sent) },
    { title: 'Pair', key: ({ src, dst }) => `${src} ${dst}`, show: pairLink },
  ];
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
