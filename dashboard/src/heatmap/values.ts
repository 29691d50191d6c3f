/** The figures in the cells, where they are large enough to hold them. */

import { cellValue, type Grid } from '../api/wire-grid.js';
import { formatDuration, formatRatio } from '../ui/format.js';
import { type CellColours, luminanceOf } from './colours.js';
import { colourOf, type Scale } from './scale.js';

/** From this size on. */
export const MIN_VALUE_PX = 56;
const FONT = '11px system-ui, sans-serif';
/** Luminance of the ground on which dark and light text stand out alike. */
const LIGHT_GROUND = 0.18;

export interface SeenCells {
  readonly row: number;
  readonly endRow: number;
  readonly column: number;
  readonly endColumn: number;
}

/** The origin is the first cell. */
export function drawValues(
  context: CanvasRenderingContext2D,
  grid: Grid,
  scale: Scale,
  colours: CellColours,
  seen: SeenCells,
  cellPx: number,
): void {
  context.font = FONT;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  for (let row = seen.row; row < seen.endRow; row += 1) {
    for (let column = seen.column; column < seen.endColumn; column += 1) {
      const value = cellValue(grid.codes[row * grid.dst.length + column] ?? 0, grid.unit === 'ratio');
      if (value === undefined) continue;
      const isLight = luminanceOf(colourOf(scale, colours, value)) > LIGHT_GROUND;
      context.fillStyle = isLight ? '#0d1218' : '#e8eef5';
      context.fillText(textOf(value, grid), (column + 0.5) * cellPx, (row + 0.5) * cellPx);
    }
  }
}

function textOf(value: number, { unit }: Grid): string {
  if (unit === 'ns') return formatDuration(value);
  return unit === 'ratio' ? formatRatio(value) : String(Math.round(value));
}
