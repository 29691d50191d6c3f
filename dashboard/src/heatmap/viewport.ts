/** Which part of a grid is seen, and how large. Cells are squares; lengths are CSS pixels, positions are in cells. */

import type { Box } from '../route.js';

export interface Cell {
  readonly row: number;
  readonly column: number;
}

/** A cell may be as large as this; where all fit they are no larger. */
const MAX_CELL_PX = 112;

export class Viewport {
  #columns = 0;
  #rows = 0;
  /** Of the screen; never 0. */
  #width = 1;
  #height = 1;
  /** Edge of a cell. */
  #scale = 1;
  /** What is at the left and at the top. */
  #x = 0;
  #y = 0;

  get scale(): number {
    return this.#scale;
  }

  get x(): number {
    return this.#x;
  }

  get y(): number {
    return this.#y;
  }

  /** Of what is seen of the grid. */
  get widthPx(): number {
    return Math.min(this.#width, (this.#columns - this.#x) * this.#scale);
  }

  get heightPx(): number {
    return Math.min(this.#height, (this.#rows - this.#y) * this.#scale);
  }

  get isWhole(): boolean {
    return this.#scale <= this.#fitScale() * 1.001;
  }

  /** The cells that are seen at least in part; undefined: all. */
  get box(): Box | undefined {
    if (this.isWhole) return undefined;
    const [column, row] = [Math.floor(this.#x), Math.floor(this.#y)];
    const last = (from: number, px: number, count: number) =>
      Math.min(count, Math.ceil(from + px / this.#scale - 1e-6));
    return [
      column,
      row,
      last(this.#x, this.#width, this.#columns) - column,
      last(this.#y, this.#height, this.#rows) - row,
    ];
  }

  /** What is seen stays, as far as it fits. */
  resize(width: number, height: number): void {
    const wasWhole = this.isWhole;
    [this.#width, this.#height] = [Math.max(1, width), Math.max(1, height)];
    if (wasWhole) this.fit();
    else this.#move(this.#x, this.#y, this.#scale);
  }

  /** Another grid; all of it is seen. */
  setGrid(columns: number, rows: number): void {
    [this.#columns, this.#rows] = [columns, rows];
    this.fit();
  }

  fit(): void {
    this.#move(0, 0, this.#fitScale());
  }

  fitBox([column, row, columns, rows]: Box): void {
    const scale = Math.min(this.#width / columns, this.#height / rows, MAX_CELL_PX);
    const centred = (from: number, count: number, px: number) => from + count / 2 - px / scale / 2;
    this.#move(centred(column, columns, this.#width), centred(row, rows, this.#height), scale);
  }

  panBy(dxPx: number, dyPx: number): void {
    this.#move(this.#x + dxPx / this.#scale, this.#y + dyPx / this.#scale, this.#scale);
  }

  /** What is at this point stays there; default: the middle. */
  zoomBy(factor: number, px = this.#width / 2, py = this.#height / 2): void {
    const scale = Math.min(MAX_CELL_PX, Math.max(this.#fitScale(), this.#scale * factor));
    const kept = (from: number, at: number) => from + at / this.#scale - at / scale;
    this.#move(kept(this.#x, px), kept(this.#y, py), scale);
  }

  /** As little as has to be for a cell to be seen whole. */
  reveal({ row, column }: Cell): void {
    const within = (from: number, px: number, at: number) => Math.min(at, Math.max(from, at + 1 - px / this.#scale));
    this.#move(within(this.#x, this.#width, column), within(this.#y, this.#height, row), this.#scale);
  }

  /** Undefined beside the grid. */
  cellAt(px: number, py: number): Cell | undefined {
    const [column, row] = [Math.floor(this.#x + px / this.#scale), Math.floor(this.#y + py / this.#scale)];
    const isInside = px >= 0 && py >= 0 && px < this.#width && py < this.#height;
    return isInside && column < this.#columns && row < this.#rows ? { row, column } : undefined;
  }

  #fitScale(): number {
    if (this.#columns === 0 || this.#rows === 0) return 1;
    return Math.min(MAX_CELL_PX, this.#width / this.#columns, this.#height / this.#rows);
  }

  #move(x: number, y: number, scale: number): void {
    this.#scale = scale;
    const within = (from: number, count: number, px: number) => Math.max(0, Math.min(from, count - px / this.#scale));
    this.#x = within(x, this.#columns, this.#width);
    this.#y = within(y, this.#rows, this.#height);
  }
}
