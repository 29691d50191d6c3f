/** A grid on a canvas. Draws at most once a frame, and only when something has changed. */

import type { AxisGroup } from '../api/types.js';
import { FAILED, type Grid } from '../api/wire-grid.js';
import { h } from '../ui/dom.js';
import type { Theme } from '../ui/theme.js';
import { CellImages } from './cell-image.js';
import { CELL_COLOURS } from './colours.js';
import { drawLabels, type LabelColours, type Margins, marginsFor } from './labels.js';
import { drawMarks, type Mark } from './marks.js';
import type { Scale } from './scale.js';
import { drawValues, MIN_VALUE_PX, type SeenCells } from './values.js';
import { type Cell, Viewport } from './viewport.js';

/** From this size on cells are told apart by gaps, and failures bear a mark besides their colour. */
const MIN_GAP_PX = 5;
const MIN_MARK_PX = 12;
const MIN_GROUP_PX = 10;

interface Chrome extends LabelColours {
  readonly group: string;
  readonly cursor: string;
  readonly mark: string;
}

const CHROME: Readonly<Record<Theme, Chrome>> = {
  dark: { text: '#93a1b1', strong: '#ffffff', line: '#0d1218', group: '#8ea2b680', cursor: '#ffffff', mark: '#10151c' },
  light: {
    text: '#55606d',
    strong: '#000000',
    line: '#ffffff',
    group: '#5a677580',
    cursor: '#000000',
    mark: '#ffffff',
  },
};

export class Heatmap {
  readonly canvas = h('canvas', { class: 'heatmap' });
  readonly viewport = new Viewport();
  readonly #context: CanvasRenderingContext2D;
  readonly #sizes = new ResizeObserver(() => this.#resize());
  #theme: Theme;
  #grid: Grid | undefined;
  #scale: Scale | undefined;
  #marks: readonly Mark[] = [];
  #images: CellImages | undefined;
  #margins: Margins = { left: 0, top: 0 };
  #cursor: Cell | undefined;
  #pointed: Cell | undefined;
  #frame: number | undefined;

  constructor(theme: Theme) {
    this.#theme = theme;
    const context = this.canvas.getContext('2d', { alpha: false });
    if (context === null) throw new Error('this browser has no canvas');
    this.#context = context;
    this.#sizes.observe(this.canvas);
  }

  get grid(): Grid | undefined {
    return this.#grid;
  }

  get margins(): Margins {
    return this.#margins;
  }

  get cursor(): Cell | undefined {
    return this.#cursor;
  }

  /** What is seen stays when the axes are the same. */
  setGrid(grid: Grid, scale: Scale, marks: readonly Mark[]): void {
    const isSame = this.#grid !== undefined && equal(this.#grid.src, grid.src) && equal(this.#grid.dst, grid.dst);
    this.#grid = grid;
    this.#scale = scale;
    this.#marks = marks;
    this.#images = undefined;
    if (!isSame) {
      this.#cursor = undefined;
      this.#pointed = undefined;
      this.#margins = marginsFor(this.#context, grid);
      this.viewport.setGrid(grid.dst.length, grid.src.length);
      this.#resize();
    }
    this.redraw();
  }

  setTheme(theme: Theme): void {
    this.#theme = theme;
    this.#images = undefined;
    this.redraw();
  }

  setCursor(cell: Cell | undefined): void {
    this.#cursor = cell;
    this.#pointed = undefined;
    this.redraw();
  }

  /** The cell under the pointer, which is shown while there is no cursor. */
  setPointed(cell: Cell | undefined): void {
    if (cell?.row === this.#pointed?.row && cell?.column === this.#pointed?.column) return;
    this.#pointed = cell;
    this.redraw();
  }

  /** Of a cell, on the canvas, CSS pixels. */
  centreOf({ row, column }: Cell): [x: number, y: number] {
    const { scale, x, y } = this.viewport;
    return [this.#margins.left + (column + 0.5 - x) * scale, this.#margins.top + (row + 0.5 - y) * scale];
  }

  redraw(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = undefined;
      this.#draw();
    });
  }

  dispose(): void {
    this.#sizes.disconnect();
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
  }

  #resize(): void {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const ratio = window.devicePixelRatio;
    const [pixelsX, pixelsY] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.canvas.width !== pixelsX) this.canvas.width = pixelsX;
    if (this.canvas.height !== pixelsY) this.canvas.height = pixelsY;
    this.viewport.resize(width - this.#margins.left, height - this.#margins.top);
    this.redraw();
  }

  #draw(): void {
    const [context, ratio] = [this.#context, window.devicePixelRatio];
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.fillStyle = getComputedStyle(this.canvas).backgroundColor;
    context.fillRect(0, 0, this.canvas.clientWidth, this.canvas.clientHeight);
    if (this.#grid === undefined || this.#grid.codes.length === 0) return;
    const { left, top } = this.#margins;
    context.save();
    context.beginPath();
    context.rect(left, top, this.viewport.widthPx, this.viewport.heightPx);
    context.clip();
    context.translate(left - this.viewport.x * this.viewport.scale, top - this.viewport.y * this.viewport.scale);
    this.#drawCells(ratio);
    context.restore();
    const { src, dst, src_groups: srcGroups, dst_groups: dstGroups } = this.#grid;
    const [margins, cursor, colours] = [this.#margins, this.#pointed ?? this.#cursor, CHROME[this.#theme]];
    drawLabels(context, { src, dst, srcGroups, dstGroups, viewport: this.viewport, margins, colours, cursor });
  }

  /** The origin is the first cell. */
  #drawCells(ratio: number): void {
    const [context, { scale }] = [this.#context, this.viewport];
    const { canvas, cells } = this.#imagesOf().at(scale * ratio);
    context.imageSmoothingEnabled = false;
    context.drawImage(canvas, 0, 0, canvas.width * cells * scale, canvas.height * cells * scale);
    if (scale >= MIN_GAP_PX) this.#drawGaps();
    this.#drawGroups();
    if (scale >= MIN_MARK_PX) this.#drawFailures();
    if (scale >= MIN_VALUE_PX && this.#grid !== undefined && this.#scale !== undefined)
      drawValues(context, this.#grid, this.#scale, CELL_COLOURS[this.#theme], this.#seen(), scale);
    const size = { columns: this.#grid?.dst.length ?? 0, rows: this.#grid?.src.length ?? 0 };
    drawMarks(context, this.#marks, this.#theme, scale, size);
    const cursor = this.#pointed ?? this.#cursor;
    if (cursor !== undefined) this.#drawCursor(cursor);
  }

  #imagesOf(): CellImages {
    if (this.#grid === undefined || this.#scale === undefined) throw new Error('no grid yet');
    this.#images ??= new CellImages(this.#grid, this.#scale, CELL_COLOURS[this.#theme]);
    return this.#images;
  }

  #drawGaps(): void {
    const [context, { scale }] = [this.#context, this.viewport];
    const [columns, rows] = [this.#grid?.dst.length ?? 0, this.#grid?.src.length ?? 0];
    context.strokeStyle = CHROME[this.#theme].line;
    context.lineWidth = scale < 16 ? 1 : 2;
    context.beginPath();
    const seen = this.#seen();
    for (let column = seen.column; column <= seen.endColumn; column += 1) {
      context.moveTo(column * scale, 0);
      context.lineTo(column * scale, rows * scale);
    }
    for (let row = seen.row; row <= seen.endRow; row += 1) {
      context.moveTo(0, row * scale);
      context.lineTo(columns * scale, row * scale);
    }
    context.stroke();
  }

  /** Lines between the groups, where they are not as dense as the cells. */
  #drawGroups(): void {
    const [context, { scale }] = [this.#context, this.viewport];
    const { src_groups: sources = [], dst_groups: destinations = [] } = this.#grid ?? {};
    const [width, height] = [(this.#grid?.dst.length ?? 0) * scale, (this.#grid?.src.length ?? 0) * scale];
    context.fillStyle = CHROME[this.#theme].group;
    const edges = (groups: readonly AxisGroup[], px: number, draw: (at: number) => void): void => {
      if (groups.length < 2 || px / groups.length < MIN_GROUP_PX) return;
      let at = 0;
      for (const { members } of groups.slice(0, -1)) {
        at += members;
        draw(at * scale);
      }
    };
    edges(sources, height, (y) => context.fillRect(0, y - 0.5, width, 1));
    edges(destinations, width, (x) => context.fillRect(x - 0.5, 0, 1, height));
  }

  #drawFailures(): void {
    const [context, { scale }, grid] = [this.#context, this.viewport, this.#grid];
    const seen = this.#seen();
    context.strokeStyle = CHROME[this.#theme].mark;
    context.lineWidth = Math.max(1.5, scale / 16);
    context.beginPath();
    for (let row = seen.row; row < seen.endRow; row += 1) {
      for (let column = seen.column; column < seen.endColumn; column += 1) {
        if (grid?.codes[row * grid.dst.length + column] !== FAILED) continue;
        const [x, y, arm] = [(column + 0.5) * scale, (row + 0.5) * scale, scale * 0.18];
        context.moveTo(x - arm, y - arm);
        context.lineTo(x + arm, y + arm);
        context.moveTo(x + arm, y - arm);
        context.lineTo(x - arm, y + arm);
      }
    }
    context.stroke();
  }

  #drawCursor({ row, column }: Cell): void {
    const [context, { scale }] = [this.#context, this.viewport];
    const edge = Math.max(scale, 6);
    const middle = (i: number) => (i + 0.5) * scale - edge / 2;
    context.lineWidth = 2;
    context.strokeStyle = CHROME[this.#theme].cursor;
    context.strokeRect(middle(column), middle(row), edge, edge);
  }

  /** Cells that are seen at least in part. */
  #seen(): SeenCells {
    const { scale, x, y, widthPx, heightPx } = this.viewport;
    const [columns, rows] = [this.#grid?.dst.length ?? 0, this.#grid?.src.length ?? 0];
    return {
      row: Math.floor(y),
      endRow: Math.min(rows, Math.ceil(y + heightPx / scale)),
      column: Math.floor(x),
      endColumn: Math.min(columns, Math.ceil(x + widthPx / scale)),
    };
  }
}

function equal(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((name, i) => name === b[i]);
}
