/**
 * Reads a cell: beside the pointer or the cursor for eyes, in a live region for ears. What the grid itself says is there at
 * once; counts and further figures are asked for as soon as one has stayed for a moment.
 */

import type { ApiClient } from '../api/client.js';
import type { CellReport } from '../api/types.js';
import { cellValue, FAILED, type Grid } from '../api/wire-grid.js';
import { bandOf, type Scale } from '../heatmap/scale.js';
import type { Cell } from '../heatmap/viewport.js';
import type { Selection } from '../route.js';
import { fill, h } from '../ui/dom.js';
import { formatCount, formatDuration, formatRatio, formatValue } from '../ui/format.js';
import { LatestRequest } from '../ui/request.js';
import { BAND_NAMES, DELAY_NAMES, STAT_NAMES } from './words.js';

const STAY_MS = 120;
/** Between the cell and the tip. */
const GAP_PX = 14;

export interface ReadCell {
  readonly grid: Grid;
  readonly scale: Scale;
  /** Of the grid, with its window. */
  readonly selection: Selection;
  readonly cell: Cell;
  /** In the middle of the cell, relative to the tip's parent, CSS pixels. */
  readonly at: readonly [x: number, y: number];
  /** Whether it is said aloud too. */
  readonly isAloud: boolean;
}

export class CellReading {
  readonly tip = h('div', { class: 'tip', 'aria-hidden': 'true', hidden: true });
  readonly spoken = h('div', { class: 'visually-hidden', 'aria-live': 'polite', id: 'spoken' });
  readonly #api: ApiClient;
  readonly #request = new LatestRequest();
  #timer: number | undefined;

  constructor(api: ApiClient) {
    this.#api = api;
  }

  show(read: ReadCell): void {
    this.#stop();
    const words = wordsOf(read, shownValue(read));
    const { src, dst } = namesOf(read);
    const names = h('div', { class: 'names' }, src, h('span', {}, ' → '), dst);
    // Of the same cell what is known stays until more is: a tip that shrinks and grows each second is not read.
    const isSame = !this.tip.hidden && this.tip.querySelector('.names')?.textContent === names.textContent;
    const known = isSame && this.tip.querySelector('dl');
    fill(this.tip, names, h('div', { class: 'value' }, words), known || false);
    this.tip.hidden = false;
    this.#place(read.at);
    if (read.isAloud) this.spoken.textContent = `${src} to ${dst}: ${words}`;
    this.#timer = window.setTimeout(() => void this.#more(read), STAY_MS);
  }

  hide(): void {
    this.#stop();
    this.tip.hidden = true;
  }

  #stop(): void {
    window.clearTimeout(this.#timer);
    this.#request.cancel();
  }

  async #more(read: ReadCell): Promise<void> {
    const { src, dst } = namesOf(read);
    try {
      const report = await this.#request.run((signal) => this.#api.cell(src, dst, read.selection, signal));
      if (report === undefined) return;
      // A window later by now: what the grid itself says stands until its next answer.
      if (report.window.start_ms !== read.grid.window?.start_ms) return;
      const words = wordsOf(read, exactValue(report, read.grid.stat));
      const lines = linesOf(report);
      this.tip.querySelector('.value')?.replaceChildren(words);
      this.tip.querySelector('dl')?.remove();
      this.tip.append(h('dl', {}, ...lines.flatMap(([name, text]) => [h('dt', {}, name), h('dd', {}, text)])));
      this.#place(read.at);
      const said = lines.map(([name, text]) => `${name} ${text}`).join(', ');
      if (read.isAloud) this.spoken.textContent = `${src} to ${dst}: ${words}. ${said}`;
    } catch {
      // What the grid itself says stands; that the server does not answer is told by the page.
    }
  }

  /** Beside its cell, and inside of what it stands in. */
  #place([x, y]: readonly [number, number]): void {
    const { offsetWidth: width, offsetHeight: height, parentElement: parent } = this.tip;
    const [roomX, roomY] = [parent?.clientWidth ?? 0, parent?.clientHeight ?? 0];
    const left = x + GAP_PX + width > roomX ? x - GAP_PX - width : x + GAP_PX;
    const top = y + GAP_PX + height > roomY ? y - GAP_PX - height : y + GAP_PX;
    this.tip.style.translate = `${Math.max(0, left)}px ${Math.max(0, top)}px`;
  }
}

function namesOf({ grid, cell }: ReadCell): { readonly src: string; readonly dst: string } {
  return { src: grid.src[cell.row] ?? '', dst: grid.dst[cell.column] ?? '' };
}

/** As the grid travels: within 0.034 %. */
function shownValue({ grid, cell }: ReadCell): number | undefined {
  return cellValue(codeAt(grid, cell), grid.unit === 'ratio');
}

/** The same without loss. */
function exactValue({ loss, counts, figures }: CellReport, stat: string): number | undefined {
  if (stat === 'loss') return loss ?? undefined;
  if (stat in counts) return counts[stat as keyof typeof counts];
  return figures?.[stat as keyof typeof figures];
}

function wordsOf({ grid, scale, cell }: ReadCell, value: number | undefined): string {
  if (value === undefined) return codeAt(grid, cell) === FAILED ? 'no answer' : 'no data';
  const band = bandOf(scale, value);
  const stat = STAT_NAMES[grid.stat as keyof typeof STAT_NAMES] ?? grid.stat;
  const what = grid.unit === 'ns' ? `${stat} of ${DELAY_NAMES[grid.delay]}` : stat;
  return `${what} ${formatValue(value, grid.unit)}${band === undefined ? '' : ` (${BAND_NAMES[band]})`}`;
}

function codeAt(grid: Grid, { row, column }: Cell): number {
  return grid.codes[row * grid.dst.length + column] ?? 0;
}

function linesOf({ loss, counts, figures }: CellReport): [name: string, text: string][] {
  const lines: [string, string][] = [];
  if (figures !== null)
    for (const stat of ['p50', 'p99', 'max'] as const) lines.push([STAT_NAMES[stat], formatDuration(figures[stat])]);
  lines.push(['sent', formatCount(counts.sent)], ['answered', formatCount(counts.success)]);
  if (loss !== null)
    lines.push(['lost', loss === 0 ? 'none' : `${formatCount(counts.timeout)} (${formatRatio(loss)})`]);
  for (const [name, count] of [
    ['not sent', counts.send_error],
    ['invalid', counts.invalid],
  ] as const)
    if (count > 0) lines.push([name, formatCount(count)]);
  return lines;
}
