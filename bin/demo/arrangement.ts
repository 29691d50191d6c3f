/**
 * Where the grids of several transports go: side by side while that costs no figure, else below each other, else side by
 * side with less in a cell, else only the first, and a line says which one is hidden.
 */

import { drawGrid, gridHeight, gridWidth, LAYOUTS, type Layout } from './grid.js';
import type { Paint } from './paint.js';
import type { TransportView } from './view.js';

const GAP = '   ';

export interface Space {
  readonly columns: number;
  readonly rows: number;
}

export interface Arrangement {
  readonly lines: readonly string[];
  /** What is not shown, and what would show it. */
  readonly hint: string | undefined;
}

export function arrangeGrids(
  views: readonly TransportView[],
  names: readonly string[],
  space: Space,
  paint: Paint,
): Arrangement {
  const draw = (layout: Layout) => (view: TransportView) => drawGrid(view, names, layout, paint);
  const alone = layoutFor(1, names, space.columns) ?? LAYOUTS[LAYOUTS.length - 1] ?? LAYOUTS[0];
  const beside = layoutFor(views.length, names, space.columns);
  const stackRows = views.length * (gridHeight(names) + 1) - 1;
  if (views.length > 1 && beside?.full === true) return shown(joinColumns(views.map(draw(beside))));
  if (stackRows <= space.rows) return shown(joinRows(views.map(draw(alone))));
  if (beside?.named === true) return shown(joinColumns(views.map(draw(beside))));
  return { lines: joinRows(views.slice(0, 1).map(draw(alone))), hint: hiddenHint(views.slice(1), names) };
}

/** The roomiest layout in which `count` grids stand side by side. */
function layoutFor(count: number, names: readonly string[], columns: number): Layout | undefined {
  return LAYOUTS.find((layout) => besideWidth(count, names, layout) <= columns);
}

function besideWidth(count: number, names: readonly string[], layout: Layout): number {
  return count * gridWidth(names, layout) + (count - 1) * GAP.length;
}

function shown(lines: readonly string[]): Arrangement {
  return { lines, hint: undefined };
}

function joinRows(grids: readonly (readonly string[])[]): string[] {
  return grids.flatMap((grid, i) => (i === 0 ? grid : ['', ...grid]));
}

/** Only for layouts whose lines are all as wide as the grid. */
function joinColumns(grids: readonly (readonly string[])[]): string[] {
  return (grids[0] ?? []).map((_, line) => grids.map((grid) => grid[line] ?? '').join(GAP));
}

function hiddenHint(hidden: readonly TransportView[], names: readonly string[]): string | undefined {
  if (hidden.length === 0) return undefined;
  const list = hidden.map(({ transport }) => transport.toUpperCase()).join(', ');
  const named = LAYOUTS.filter((layout) => layout.named);
  const columns = Math.min(...named.map((layout) => besideWidth(hidden.length + 1, names, layout)));
  return `${list} hidden: needs a larger window (${columns} columns) or --transports ${hidden[0]?.transport}`;
}
