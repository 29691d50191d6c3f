/**
 * The forms in which a grid travels: JSON, CSV, and a compact binary one. A million cells take a tenth of a second and more to
 * write down, so each form is made in slices of a few milliseconds between which others are answered.
 */

import { setImmediate } from 'node:timers/promises';
import type { Steps } from '../../../common/grid/store/slices.js';
import { STATES } from '../../../common/grid/store/view.js';
import type { View } from '../../../common/grid/store/views.js';

/** Cells that are written down in one turn of the event loop. */
export const CELLS_PER_SLICE = 32_768;

/** Runs work on what nobody changes, a step in each turn of the event loop. */
export async function inTurns<T>(steps: Steps<T>): Promise<T> {
  for (;;) {
    const { done, value } = steps.next();
    if (done === true) return value;
    await setImmediate();
  }
}

/** By state. */
const STATE_CHARS = Buffer.from('-xv');

/** `head` with `values` and `states` behind it: what JSON.stringify makes of all three. */
export function* jsonOf(head: object, figures: Float64Array, states: Uint8Array): Steps<Buffer> {
  const parts = [Buffer.from(`${JSON.stringify(head).slice(0, -1)},"values":[`)];
  for (const [from, to] of slices(figures.length)) {
    if (from > 0) yield;
    // A NaN is null there.
    const values = JSON.stringify(Array.from(figures.subarray(from, to))).slice(1, -1);
    parts.push(Buffer.from(from === 0 ? values : `,${values}`));
  }
  parts.push(Buffer.from('],"states":"'));
  const chars = Buffer.alloc(states.length);
  for (let cell = 0; cell < states.length; cell += 1) chars[cell] = STATE_CHARS[states[cell] ?? 0] ?? 0;
  parts.push(chars, Buffer.from('"}'));
  return Buffer.concat(parts);
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
export function* binaryOf(head: object, isRatio: boolean, figures: Float64Array, states: Uint8Array): Steps<Buffer> {
  const text = Buffer.from(JSON.stringify(head));
  const headBytes = text.length + (text.length % 2);
  const start = MAGIC.length + 4 + headBytes;
  const body = Buffer.alloc(start + 2 * figures.length, ' ');
  body.write(MAGIC, 0);
  body.writeUInt32LE(headBytes, MAGIC.length);
  text.copy(body, MAGIC.length + 4);
  for (const [from, to] of slices(figures.length)) {
    if (from > 0) yield;
    for (let cell = from; cell < to; cell += 1) {
      body.writeUInt16LE(codeOf(figures[cell] ?? Number.NaN, states[cell] ?? 0, isRatio), start + 2 * cell);
    }
  }
  return body;
}

function codeOf(value: number, state: number, isRatio: boolean): number {
  if (Number.isNaN(value)) return state === 0 ? NO_DATA : NO_VALUE;
  const scaled = isRatio ? value * (MAX_CODE - FIRST_VALUE) : Math.log2(value + 1) * CODES_PER_OCTAVE;
  return Math.min(FIRST_VALUE + Math.round(scaled), MAX_CODE);
}

/** RFC 4180; a line for each cell that has data. */
export function* csvOf({ rows, columns, states }: View, unit: string, figures: Float64Array): Steps<Buffer> {
  const parts = [Buffer.from(`src,dst,value_${unit},state\r\n`)];
  const [sources, destinations] = [rows.names.map(csvField), columns.names.map(csvField)];
  for (const [from, to] of slices(figures.length)) {
    if (from > 0) yield;
    let lines = '';
    for (let cell = from; cell < to; cell += 1) {
      const state = states[cell] ?? 0;
      if (state === 0) continue;
      const value = figures[cell] ?? Number.NaN;
      const [src, dst] = [sources[Math.floor(cell / destinations.length)], destinations[cell % destinations.length]];
      lines += `${src},${dst},${Number.isNaN(value) ? '' : value},${STATES[state]}\r\n`;
    }
    parts.push(Buffer.from(lines));
  }
  return Buffer.concat(parts);
}

/** A name that a spreadsheet would take for a formula gets an apostrophe in front of it. */
function csvField(text: string): string {
  const harmless = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

function* slices(cells: number): Generator<[from: number, to: number]> {
  for (let from = 0; from < cells; from += CELLS_PER_SLICE) yield [from, Math.min(from + CELLS_PER_SLICE, cells)];
}
