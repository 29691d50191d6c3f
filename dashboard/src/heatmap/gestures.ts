/**
 * Hands on a heatmap: the wheel zooms where the pointer is, dragging pans, a click picks; arrows move a cursor (with Shift by
 * ten), Home and End to the ends of its row, Page Up and Page Down to those of its column, Enter picks, + − 0 zoom.
 */

import type { Heatmap } from './heatmap.js';
import type { Cell } from './viewport.js';

export interface GestureListener {
  /** The pointer is at a cell, or at none. */
  onPoint(cell: Cell | undefined): void;
  /** The cursor has been moved to a cell by keys. */
  onCursor(cell: Cell): void;
  onPick(cell: Cell): void;
  /** The label of a row or a column was clicked. */
  onPickLabel(end: 'src' | 'dst', index: number): void;
  /** Another part is seen. */
  onMoved(): void;
}

export const ZOOM_STEP = 1.5;
/** A pointer that moved no further has clicked. */
const CLICK_PX = 4;
const WHEEL_ZOOM = 0.0016;
const PX_PER_LINE = 18;
const FAST = 10;

/** Of the pointer alone, on the screen: the picture may move under it, as when a banner comes. */
interface Drag {
  readonly pointer: number;
  /** What it began at. */
  readonly cell: Cell | undefined;
  readonly label: ['src' | 'dst', number] | undefined;
  readonly startX: number;
  readonly startY: number;
  x: number;
  y: number;
  isPan: boolean;
}

export class Gestures {
  readonly #heatmap: Heatmap;
  readonly #listener: GestureListener;
  #drag: Drag | undefined;

  constructor(heatmap: Heatmap, listener: GestureListener) {
    this.#heatmap = heatmap;
    this.#listener = listener;
    const { canvas } = heatmap;
    canvas.addEventListener('wheel', (event) => this.#wheel(event), { passive: false });
    canvas.addEventListener('pointerdown', (event) => this.#down(event));
    canvas.addEventListener('pointermove', (event) => this.#move(event));
    canvas.addEventListener('pointerup', () => this.#up());
    canvas.addEventListener('pointercancel', () => this.#endDrag());
    canvas.addEventListener('pointerleave', () => listener.onPoint(undefined));
    canvas.addEventListener('keydown', (event) => this.#key(event));
    canvas.addEventListener('focus', () => this.#focus());
  }

  zoom(factor: number): void {
    this.#heatmap.viewport.zoomBy(factor);
    this.#moved();
  }

  fit(): void {
    this.#heatmap.viewport.fit();
    this.#moved();
  }

  /** Puts the cursor there, as keys would. */
  goTo(cell: Cell): void {
    this.#moveCursor(cell);
  }

  #wheel(event: WheelEvent): void {
    event.preventDefault();
    const [px, py] = this.#inPlot(event);
    const delta = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * PX_PER_LINE : event.deltaY;
    this.#heatmap.viewport.zoomBy(Math.exp(-delta * WHEEL_ZOOM), px, py);
    this.#moved();
    this.#listener.onPoint(this.#heatmap.viewport.cellAt(px, py));
  }

  #down(event: PointerEvent): void {
    if (event.button !== 0 || this.#drag !== undefined) return;
    const { clientX: x, clientY: y, pointerId: pointer } = event;
    const [px, py] = this.#inPlot(event);
    const [cell, label] = [this.#heatmap.viewport.cellAt(px, py), this.#labelAt(px, py)];
    this.#heatmap.canvas.setPointerCapture(pointer);
    this.#drag = { pointer, cell, label, startX: x, startY: y, x, y, isPan: false };
  }

  #move(event: PointerEvent): void {
    const drag = this.#drag;
    if (drag === undefined) {
      const [px, py] = this.#inPlot(event);
      const cell = this.#heatmap.viewport.cellAt(px, py);
      this.#heatmap.canvas.style.cursor = cell !== undefined || this.#labelAt(px, py) ? 'pointer' : 'default';
      this.#listener.onPoint(cell);
      return;
    }
    if (event.pointerId !== drag.pointer) return;
    const { clientX, clientY } = event;
    drag.isPan ||= Math.hypot(clientX - drag.startX, clientY - drag.startY) > CLICK_PX;
    if (!drag.isPan) return;
    this.#heatmap.canvas.style.cursor = 'grabbing';
    this.#listener.onPoint(undefined);
    this.#heatmap.viewport.panBy(drag.x - clientX, drag.y - clientY);
    [drag.x, drag.y] = [clientX, clientY];
    this.#moved();
  }

  #up(): void {
    const drag = this.#drag;
    this.#endDrag();
    if (drag === undefined || drag.isPan) return;
    const { cell, label } = drag;
    if (cell !== undefined) this.#listener.onPick(cell);
    else if (label !== undefined) this.#listener.onPickLabel(...label);
  }

  #endDrag(): void {
    this.#drag = undefined;
    this.#heatmap.canvas.style.cursor = 'default';
  }

  #labelAt(px: number, py: number): ['src' | 'dst', number] | undefined {
    const { viewport } = this.#heatmap;
    const row = px < 0 ? viewport.cellAt(0, py)?.row : undefined;
    if (row !== undefined) return ['src', row];
    const column = py < 0 ? viewport.cellAt(px, 0)?.column : undefined;
    return column === undefined ? undefined : ['dst', column];
  }

  #key(event: KeyboardEvent): void {
    const { grid, cursor } = this.#heatmap;
    if (grid === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    const [lastRow, lastColumn] = [grid.src.length - 1, grid.dst.length - 1];
    const { row, column } = cursor ?? this.#firstSeen();
    const step = event.shiftKey ? FAST : 1;
    const to = (toRow: number, toColumn: number) =>
      this.#moveCursor({
        row: Math.max(0, Math.min(lastRow, toRow)),
        column: Math.max(0, Math.min(lastColumn, toColumn)),
      });
    const actions: Readonly<Record<string, () => void>> = {
      ArrowUp: () => to(row - step, column),
      ArrowDown: () => to(row + step, column),
      ArrowLeft: () => to(row, column - step),
      ArrowRight: () => to(row, column + step),
      Home: () => to(row, 0),
      End: () => to(row, lastColumn),
      PageUp: () => to(0, column),
      PageDown: () => to(lastRow, column),
      Enter: () => cursor && this.#listener.onPick(cursor),
      '+': () => this.#zoomAtCursor(ZOOM_STEP),
      '=': () => this.#zoomAtCursor(ZOOM_STEP),
      '-': () => this.#zoomAtCursor(1 / ZOOM_STEP),
      '0': () => this.fit(),
    };
    const action = actions[event.key];
    if (action === undefined || lastRow < 0 || lastColumn < 0) return;
    event.preventDefault();
    action();
  }

  #moveCursor(cell: Cell): void {
    this.#heatmap.setCursor(cell);
    this.#heatmap.viewport.reveal(cell);
    this.#moved();
    this.#listener.onCursor(cell);
  }

  #zoomAtCursor(factor: number): void {
    const { cursor, viewport } = this.#heatmap;
    const at = (i: number, from: number) => (i + 0.5 - from) * viewport.scale;
    if (cursor === undefined) viewport.zoomBy(factor);
    else viewport.zoomBy(factor, at(cursor.column, viewport.x), at(cursor.row, viewport.y));
    this.#moved();
  }

  /** Who comes by keys sees where the keys begin; a click does not need it. */
  #focus(): void {
    const { canvas, cursor, grid } = this.#heatmap;
    if (!canvas.matches(':focus-visible') || cursor !== undefined || grid === undefined) return;
    if (grid.codes.length > 0) this.#moveCursor(this.#firstSeen());
  }

  #firstSeen(): Cell {
    const { x, y } = this.#heatmap.viewport;
    return { row: Math.ceil(y), column: Math.ceil(x) };
  }

  #inPlot({ offsetX, offsetY }: MouseEvent): [px: number, py: number] {
    const { left, top } = this.#heatmap.margins;
    return [offsetX - left, offsetY - top];
  }

  #moved(): void {
    this.#heatmap.redraw();
    this.#listener.onMoved();
  }
}
