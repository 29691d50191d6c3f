/** One direction over the kept windows: three delays and loss, one cursor, and the same as a table. */

import type { Figures, WindowTimes } from '../api/types.js';
import { type ChartData, LineChart } from '../chart/line-chart.js';
import { slotsOf } from '../chart/slots.js';
import { DELAY_NAMES } from '../grid/words.js';
import { DELAYS, type Delay } from '../route.js';
import { fill, h } from '../ui/dom.js';
import { formatCount, formatDuration, formatRatio, formatTime } from '../ui/format.js';

export type HistoryItem = WindowTimes & Figures;

/** What the directions of a page have in common, so that they stand beside each other. */
export interface HistorySpan {
  readonly windowMs: number;
  /** Starts of the first and the last window. */
  readonly firstMs: number;
  readonly lastMs: number;
  readonly cursorMs: number | undefined;
}

/** Less is drawn as a line at the ground. */
const MIN_LOSS_SCALE = 0.01;
const TABLE_HEADS = [
  'Window',
  ...DELAYS.flatMap((delay) => [`${DELAY_NAMES[delay]} median`, 'p99']),
  'Loss',
  'Sent',
] as const;

export class HistoryPanel {
  readonly element: HTMLElement;
  readonly #title = h('h2');
  readonly #body = h('div', { class: 'charts' });
  readonly #absent = h('p', { class: 'soft', hidden: true });
  readonly #charts: readonly LineChart[];
  readonly #table = h('table');
  readonly #details = h('details', { class: 'values' }, h('summary', {}, 'Values as a table'), this.#table);
  #items: readonly HistoryItem[] = [];

  constructor(onChoose: (startMs: number) => void) {
    this.#charts = [...DELAYS, 'loss'].map(() => new LineChart(onChoose));
    this.#body.append(...this.#charts.map(({ element }) => element), this.#details);
    this.#details.addEventListener('toggle', () => this.#fillTable());
    this.element = h('section', { class: 'history' }, this.#title, this.#absent, this.#body);
  }

  /** `items` ascend; `others` are those of the other direction, which has the same scales: as high is as much. */
  show(title: string, items: readonly HistoryItem[], others: readonly HistoryItem[], span: HistorySpan): void {
    this.#items = items;
    this.#title.textContent = title;
    this.element.setAttribute('aria-label', title);
    this.#body.hidden = items.length === 0;
    this.#absent.hidden = items.length > 0;
    this.#absent.textContent = 'No probes in this direction in any window that is kept.';
    const slots = slotsOf(items, span.windowMs, span.firstMs, span.lastMs);
    for (const [i, delay] of DELAYS.entries()) this.#charts[i]?.show(delayData(delay, slots, others, span));
    this.#charts[DELAYS.length]?.show(lossData(slots, others, span));
    this.#fillTable();
  }

  /** Undefined: it stays until there are other data. */
  moveCursor(startMs: number | undefined): void {
    if (startMs !== undefined) for (const chart of this.#charts) chart.moveCursor(startMs);
  }

  dispose(): void {
    for (const chart of this.#charts) chart.dispose();
  }

  /** Only while somebody looks at it. */
  #fillTable(): void {
    if (!this.#details.open) return;
    const head = h('thead', {}, h('tr', {}, ...TABLE_HEADS.map((text) => h('th', { scope: 'col' }, text))));
    fill(this.#table, head, h('tbody', {}, ...this.#items.toReversed().map(rowOf)));
  }
}

type Slots = readonly (HistoryItem | undefined)[];

function delayData(delay: Delay, slots: Slots, others: readonly HistoryItem[], span: HistorySpan): ChartData {
  const of = (stat: 'p50' | 'p99') => slots.map((slot) => slot?.[delay]?.[stat] ?? null);
  return {
    title: DELAY_NAMES[delay],
    unit: 'ns',
    lines: [
      { name: 'p99', values: of('p99') },
      { name: 'median', values: of('p50') },
    ],
    scaleWith: others.flatMap((item) => (item[delay] === null ? [] : [item[delay].p50, item[delay].p99])),
    absence: (place) => (slots[place] === undefined ? 'no data' : 'no answer'),
    ...span,
  };
}

function lossData(slots: Slots, others: readonly HistoryItem[], span: HistorySpan): ChartData {
  return {
    title: 'Loss',
    unit: 'ratio',
    atLeast: MIN_LOSS_SCALE,
    lines: [{ name: 'loss', values: slots.map((slot) => slot?.loss ?? null) }],
    scaleWith: others.flatMap(({ loss }) => loss ?? []),
    absence: (place) => (slots[place] === undefined ? 'no data' : 'nothing sent'),
    ...span,
  };
}

function rowOf(item: HistoryItem): HTMLElement {
  const delays = DELAYS.flatMap((delay) => {
    const figures = item[delay];
    return figures === null ? ['–', '–'] : [formatDuration(figures.p50), formatDuration(figures.p99)];
  });
  const cells = [...delays, item.loss === null ? '–' : formatRatio(item.loss), formatCount(item.counts.sent)];
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, formatTime(item.start_ms)),
    ...cells.map((text) => h('td', { class: 'number' }, text)),
  );
}
