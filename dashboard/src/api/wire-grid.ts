/** The binary form of a grid, two bytes a cell (docs/grid.md). */

import type { GridHead } from './types.js';

export const NO_DATA = 0;
/** Probes, but no answer. */
export const FAILED = 1;
export const FIRST_VALUE = 2;
export const MAX_CODE = 65_535;
const CODES_PER_OCTAVE = 1024;
const MAGIC = 'WFG1';
const HEAD_AT = 8;

export interface Grid extends GridHead {
  /** Row by row, a row is a source: NO_DATA, FAILED, or a value (`cellValue`). */
  readonly codes: Uint16Array;
}

/** Throws a RangeError when it is not what it says. */
export function decodeGrid(body: ArrayBuffer): Grid {
  const view = new DataView(body);
  const text = (from: number, bytes: number) => new TextDecoder().decode(new Uint8Array(body, from, bytes));
  if (body.byteLength < HEAD_AT || text(0, MAGIC.length) !== MAGIC)
    throw new RangeError('the answer is no grid in the form WFG1');
  const headBytes = view.getUint32(MAGIC.length, true);
  const head = JSON.parse(text(HEAD_AT, headBytes)) as GridHead;
  const cells = head.src.length * head.dst.length;
  const at = HEAD_AT + headBytes;
  if (body.byteLength !== at + 2 * cells)
    throw new RangeError(`the answer holds ${body.byteLength - at} bytes of cells, not the ${2 * cells} of its axes`);
  return { ...head, codes: codesAt(body, at, cells) };
}

/** Without a copy where the machine's own order of bytes is the form's. */
function codesAt(body: ArrayBuffer, at: number, cells: number): Uint16Array {
  const codes = new Uint16Array(body, at, cells);
  const isLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
  if (isLittleEndian) return codes;
  const view = new DataView(body, at);
  return codes.map((_, i) => view.getUint16(2 * i, true));
}

/** In the unit of the grid, within 0.034 %; undefined: no value. */
export function cellValue(code: number, isRatio: boolean): number | undefined {
  if (code < FIRST_VALUE) return undefined;
  const scaled = code - FIRST_VALUE;
  return isRatio ? scaled / (MAX_CODE - FIRST_VALUE) : 2 ** (scaled / CODES_PER_OCTAVE) - 1;
}

/** Of a value that is not negative. */
export function cellCode(value: number, isRatio: boolean): number {
  const scaled = isRatio ? value * (MAX_CODE - FIRST_VALUE) : Math.log2(value + 1) * CODES_PER_OCTAVE;
  return Math.min(FIRST_VALUE + Math.round(scaled), MAX_CODE);
}
