/** The forms in which a grid travels: JSON, CSV, and a compact binary one. */

import { STATES } from '../../../common/grid/store/view.js';
import type { View } from '../../../common/grid/store/views.js';

/** By state. */
const STATE_CHARS = '-xv';

/** The matrices of a JSON answer. */
export function matricesAsJson(
  figures: Float64Array,
  states: Uint8Array,
): { values: (number | null)[]; states: string } {
  return {
    values: Array.from(figures, (value) => (Number.isNaN(value) ? null : value)),
    states: Array.from(states, (state) => STATE_CHARS[state]).join(''),
  };
}

const MAGIC = 'WFG1';
const [NO_DATA, NO_VALUE, FIRST_VALUE] = [0, 1, 2];
/** Codes to a doubling: values come within 0.034 %. */
const CODES_PER_OCTAVE = 1024;
const MAX_CODE = 65_535;

/**
 * `WFG1`, the length of what follows up to the matrix (u32), the answer as JSON but for its matrices and padded with spaces to
 * an even length, then two bytes a cell, row by row. All numbers are little-endian. Code 0 is no data, 1 a failure
 * without a value. A larger code c is (c - 2) / 65533 for a ratio, and 2^((c - 2) / 1024) - 1 for all else.
 */
export function binaryOf(head: object, isRatio: boolean, figures: Float64Array, states: Uint8Array): Buffer {
  const text = Buffer.from(JSON.stringify(head));
  const headBytes = text.length + (text.length % 2);
  const start = MAGIC.length + 4 + headBytes;
  const body = Buffer.alloc(start + 2 * figures.length, ' ');
  body.write(MAGIC, 0);
  body.writeUInt32LE(headBytes, MAGIC.length);
  text.copy(body, MAGIC.length + 4);
  for (let cell = 0; cell < figures.length; cell += 1) {
    body.writeUInt16LE(codeOf(figures[cell] ?? Number.NaN, states[cell] ?? 0, isRatio), start + 2 * cell);
  }
  return body;
}

function codeOf(value: number, state: number, isRatio: boolean): number {
  if (Number.isNaN(value)) return state === 0 ? NO_DATA : NO_VALUE;
  const scaled = isRatio ? value * (MAX_CODE - FIRST_VALUE) : Math.log2(value + 1) * CODES_PER_OCTAVE;
  return Math.min(FIRST_VALUE + Math.round(scaled), MAX_CODE);
}

/** RFC 4180; a line for each cell that has data. */
export function csvOf({ rows, columns, states }: View, unit: string, figures: Float64Array): string {
  const lines = [`src,dst,value_${unit},state`];
  for (const [row, src] of rows.names.entries()) {
    for (const [column, dst] of columns.names.entries()) {
      const cell = row * columns.names.length + column;
      const state = states[cell] ?? 0;
      if (state === 0) continue;
      const value = figures[cell] ?? Number.NaN;
      lines.push([csvField(src), csvField(dst), Number.isNaN(value) ? '' : value, STATES[state]].join(','));
    }
  }
  return `${lines.join('\r\n')}\r\n`;
}

/** A name that a spreadsheet would take for a formula gets an apostrophe in front of it. */
function csvField(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
