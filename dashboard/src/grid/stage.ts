/** The picture: the heatmap, what is read of a cell, and a banner over it when it is not what it should be. */

import type { ApiClient } from '../api/client.js';
import type { Grid } from '../api/wire-grid.js';
import { cellValue } from '../api/wire-grid.js';
import { CELL_COLOURS } from '../heatmap/colours.js';
import { type GestureListener, Gestures, ZOOM_STEP } from '../heatmap/gestures.js';
import { Heatmap } from '../heatmap/heatmap.js';
import { type Mark, marksOf } from '../heatmap/marks.js';
import { type Scale, scaleOf } from '../heatmap/scale.js';
import type { Cell } from '../heatmap/viewport.js';
import type { Box, Selection } from '../route.js';
import { h } from '../ui/dom.js';
import type { Theme } from '../ui/theme.js';
import { CellReading } from './cell-reading.js';
import { legendOf } from './legend.js';

/** A jump to a pattern shows its cross at least this large, and so many cells around it. */
const JUMP_CELL_PX = 14;
const JUMP_CELLS = 40;

export type StageListener = Pick<GestureListener, 'onPick' | 'onPickLabel' | 'onMoved'>;

export class Stage {
  readonly element: HTMLElement;
  readonly #heatmap: Heatmap;
  readonly #gestures: Gestures;
  readonly #reading: CellReading;
  readonly #banner = h('div', { class: 'banner', role: 'alert', hidden: true });
  #theme: Theme;
  #selection: Selection = {};
  #scale: Scale | undefined;
  /** That was read last. */
  #cell: Cell | undefined;

  constructor(api: ApiClient, theme: Theme, listener: StageListener) {
    this.#theme = theme;
    this.#heatmap = new Heatmap(theme);
    this.#reading = new CellReading(api);
    this.#gestures = new Gestures(this.#heatmap, {
      ...{ onPick: listener.onPick, onPickLabel: listener.onPickLabel },
      onPoint: (cell) => this.#point(cell),
      onCursor: (cell) => this.#read(cell, true),
      onMoved: () => {
        this.#reading.hide();
        listener.onMoved();
      },
    });
    const { canvas } = this.#heatmap;
    canvas.tabIndex = 0;
    canvas.setAttribute('role', 'application');
    canvas.setAttribute('aria-roledescription', 'heatmap');
    canvas.setAttribute('aria-describedby', 'heatmap-keys');
    canvas.addEventListener('blur', () => this.#reading.hide());
    const keys = h('p', { class: 'visually-hidden', id: 'heatmap-keys' }, KEYS);
    const { tip, spoken } = this.#reading;
    this.element = h('div', { class: 'stage' }, this.#banner, h('div', { class: 'plot' }, canvas, tip), spoken, keys);
  }

  get grid(): Grid | undefined {
    return this.#heatmap.grid;
  }

  /** Of what is seen; undefined: all. */
  get box(): Box | undefined {
    return this.#heatmap.viewport.box;
  }

  /** `selection`: what the grid was asked by. Returns what its patterns are in the picture. */
  setGrid(grid: Grid, selection: Selection): readonly Mark[] {
    this.#selection = selection;
    this.#scale = scaleOf(grid, largest(grid));
    const was = this.#heatmap.grid;
    const marks = marksOf(grid);
    this.#heatmap.setGrid(grid, this.#scale, marks);
    // What is being read is read again, in silence: nobody wants to hear every window.
    const { row = -1, column = -1 } = this.#cell ?? {};
    const isThere = was?.src[row] === grid.src[row] && was?.dst[column] === grid.dst[column];
    if (!this.#reading.tip.hidden && this.#cell !== undefined && isThere) this.#read(this.#cell, false);
    this.#heatmap.canvas.setAttribute(
      'aria-label',
      `Heatmap, ${grid.src.length} sources by ${grid.dst.length} destinations`,
    );
    return marks;
  }

  setTheme(theme: Theme): void {
    this.#theme = theme;
    this.#heatmap.setTheme(theme);
  }

  legend(): HTMLElement | undefined {
    const { grid } = this.#heatmap;
    return grid && this.#scale && legendOf(grid, this.#scale, CELL_COLOURS[this.#theme]);
  }

  /** Undefined: everything. */
  showBox(box: Box | undefined): void {
    if (box === undefined) this.#heatmap.viewport.fit();
    else this.#heatmap.viewport.fitBox(box);
    this.#heatmap.redraw();
  }

  zoom(direction: 'in' | 'out' | 'fit'): void {
    if (direction === 'fit') this.#gestures.fit();
    else this.#gestures.zoom(direction === 'in' ? ZOOM_STEP : 1 / ZOOM_STEP);
  }

  /** To its first cell with another member: that of a host with itself says nothing. */
  jumpTo({ kind, spans, pattern: { shape } }: Mark): void {
    const [first, last] = [spans[0], spans.at(-1)];
    if (first === undefined || last === undefined) return;
    const { viewport } = this.#heatmap;
    const size = last[0] + last[1] - first[0];
    if (kind === 'spine') viewport.fitBox([first[0], first[0], size, size]);
    else if (viewport.scale < JUMP_CELL_PX) {
      const from = Math.max(0, first[0] - JUMP_CELLS / 2);
      viewport.fitBox([from, from, JUMP_CELLS, JUMP_CELLS]);
    }
    const [own, other] = [first[0], first[0] === 0 ? 1 : 0];
    this.#gestures.goTo(shape === 'column' ? { row: other, column: own } : { row: own, column: other });
    this.#heatmap.canvas.focus();
  }

  /** Undefined: all is as it should be. What is shown under a banner is old, and looks it. */
  showBanner(text: string | undefined): void {
    this.#banner.hidden = text === undefined;
    if (this.#banner.textContent !== (text ?? '')) this.#banner.textContent = text ?? '';
    this.element.classList.toggle('stale', text !== undefined);
  }

  dispose(): void {
    this.#reading.hide();
    this.#heatmap.dispose();
  }

  #point(cell: Cell | undefined): void {
    this.#heatmap.setPointed(cell);
    if (cell === undefined) this.#reading.hide();
    else this.#read(cell, false);
  }

  #read(cell: Cell, isAloud: boolean): void {
    const { grid } = this.#heatmap;
    if (grid === undefined || this.#scale === undefined) return;
    this.#cell = cell;
    const at = this.#heatmap.centreOf(cell);
    this.#reading.show({ grid, scale: this.#scale, selection: this.#selection, cell, at, isAloud });
  }
}

const KEYS =
  'Arrow keys move from cell to cell, with Shift by ten; Home and End go to the ends of a row, Page Up and Page Down to those of a column. Enter opens a cell, plus and minus zoom, 0 shows all.';

function largest({ codes, unit }: Grid): number {
  let max = 0;
  for (const code of codes) if (code > max) max = code;
  return cellValue(max, unit === 'ratio') ?? 0;
}
