/**
 * What one source measured of one destination in one window: counts and the distributions of the three delays. Written
 * as (numbers as in bytes.ts): a mask of the counts that follow, `success`, the counts that are not what is expected of them
 * (`sent` equal to `success`, the others 0), then the distributions in the order of DELAYS (delay-sums.ts).
 *
 * Ten probes within a window, each with all three delays, take 50 to 70 bytes.
 */

import type { Fields } from '../../../../core/metric.js';
import type { ByteReader, ByteWriter } from './bytes.js';
import { DelaySums, MAX_DELAY_BYTES, skipDelay } from './delay-sums.js';

/** The delays of DESIGN.md section 4, as fields of the probe metric. */
export const DELAYS = ['network_rtt', 'prober_delay', 'responder_delay'] as const;
export type Delay = (typeof DELAYS)[number];

/** The counts of the probe metric that are kept; rarer ones last, since a mask of seven bits is one byte. */
export const COUNTS = [
  'success',
  'sent',
  'timeout',
  'send_error',
  'invalid',
  'late',
  'duplicate',
  'retransmitted',
  'syn_retransmits',
  'stale',
] as const;
export type Count = (typeof COUNTS)[number];
const SUCCESS = COUNTS.indexOf('success');
const SENT = COUNTS.indexOf('sent');

export const MAX_CELL_BYTES = 9 * (COUNTS.length + 1) + DELAYS.length * MAX_DELAY_BYTES;

/** Adds up cells and metrics; one object serves one sum after the other. */
export class CellSums {
  readonly counts = new Float64Array(COUNTS.length);
  readonly delays = DELAYS.map(() => new DelaySums());

  clear(): void {
    this.counts.fill(0);
    for (const delay of this.delays) delay.clear();
  }

  /** Adds the fields of a probe metric. Returns false, and may have added a part, when a count is none. */
  addFields(fields: Fields): boolean {
    for (let i = 0; i < COUNTS.length; i += 1) {
      const field = fields[COUNTS[i] ?? ''];
      if (field === undefined) continue;
      if (field.kind !== 'count' || !Number.isSafeInteger(field.value) || field.value < 0) return false;
      this.counts[i] = (this.counts[i] ?? 0) + field.value;
    }
    for (let i = 0; i < DELAYS.length; i += 1) {
      const field = fields[DELAYS[i] ?? ''];
      if (field === undefined) continue;
      if (field.kind !== 'distribution') return false;
      this.delays[i]?.add(field.value);
    }
    return true;
  }

  /** Adds a cell that was written, and leaves `reader` behind it. */
  addWritten(reader: ByteReader): void {
    addCounts(reader, this.counts);
    for (const delay of this.delays) delay.addWritten(reader);
  }

  write(writer: ByteWriter): void {
    const { counts } = this;
    const success = counts[SUCCESS] ?? 0;
    let mask = 0;
    for (let i = SENT; i < COUNTS.length; i += 1) if (counts[i] !== (i === SENT ? success : 0)) mask |= 1 << (i - 1);
    writer.whole(mask);
    writer.whole(success);
    for (let i = SENT; i < COUNTS.length; i += 1) if ((mask >> (i - 1)) & 1) writer.whole(counts[i] ?? 0);
    for (const delay of this.delays) delay.write(writer);
  }

  get loss(): number {
    return lossOf(this.counts, 0);
  }
}

/** `timeout / sent` of the counts of the cell at `at`; NaN when nothing was sent. */
export function lossOf(counts: Float64Array, at: number): number {
  const sent = counts[at + SENT] ?? 0;
  return sent === 0 ? Number.NaN : (counts[at + TIMEOUT] ?? 0) / sent;
}
const TIMEOUT = COUNTS.indexOf('timeout');

/** Adds the counts of a written cell to `into` from place `at` on, and leaves `reader` behind them. */
export function addCounts(reader: ByteReader, into: Float64Array, at = 0): void {
  const mask = reader.whole();
  const success = reader.whole();
  into[at] = (into[at] ?? 0) + success;
  if ((mask & 1) === 0) into[at + SENT] = (into[at + SENT] ?? 0) + success;
  for (let i = SENT; mask >> (i - 1) > 0; i += 1) {
    if ((mask >> (i - 1)) & 1) into[at + i] = (into[at + i] ?? 0) + reader.whole();
  }
}

/** Adds one delay of a written cell; `reader` stands at its beginning. */
export function addDelay(reader: ByteReader, delay: number, into: DelaySums): void {
  skipCounts(reader);
  for (let i = 0; i < delay; i += 1) skipDelay(reader);
  into.addWritten(reader);
}

/** Leaves `reader` behind a cell. */
export function skipCell(reader: ByteReader): void {
  skipCounts(reader);
  for (let i = 0; i < DELAYS.length; i += 1) skipDelay(reader);
}

function skipCounts(reader: ByteReader): void {
  let mask = reader.whole();
  for (reader.skip(); mask > 0; mask &= mask - 1) reader.skip();
}
