/**
 * From rows to `probe` metrics. What comes in is not trusted: every property is known, of its type and within
 * ROW_LIMITS, distributions agree with themselves, and counts add up, or the document is refused as a whole with the
 * place of the first mistake. Written by hand, since this is the hot path of a listener: 10 000 agents send some 30 000
 * targets a second.
 */

import type { Metric } from '../../../core/metric.js';
import { parseIsoTime } from '../iso-time.js';
import { type GroupContext, GroupReader, labelTags } from './group-reader.js';
import { expected, listOf, mapOf, textOf, wholeOf, within } from './json-values.js';
import { ROW_LIMITS, ROW_VERSION, RowError, SRC_LABEL } from './row.js';

export interface DecodedRow {
  readonly src: string;
  /** The window: UTC, ns since the epoch, and its length. */
  readonly startNs: bigint;
  readonly lengthMs: number;
  /** In the order of the row; each carries the window's end as its time. */
  readonly metrics: readonly Metric[];
}

const DOCUMENT_KEYS = new Set(['version', 'rows']);
const ROW_KEYS = new Set(['src', 'window', 'labels', 'groups']);
const WINDOW_KEYS = new Set(['start', 'length_ms']);
const NS_PER_MS = 1_000_000n;

/** `document` is parsed JSON. Throws RowError. */
export function decodeRows(document: unknown): DecodedRow[] {
  const { version, rows } = mapOf(document, DOCUMENT_KEYS);
  if (version !== ROW_VERSION) throw expected(`version ${ROW_VERSION}`, version, 'version');
  if (rows === undefined) throw expected('an array', rows, 'rows');
  return listOf(rows, ROW_LIMITS.rows, 'rows').map((row, i) => {
    try {
      return decodeRow(row);
    } catch (error) {
      throw within(error, `rows[${i}]`);
    }
  });
}

function decodeRow(value: unknown): DecodedRow {
  const row = mapOf(value, ROW_KEYS);
  const src = textOf(row.src, ROW_LIMITS.valueChars, 'src');
  const { startNs, lengthMs } = windowOf(row.window);
  const srcTags = labelTags(row.labels, SRC_LABEL, 'labels');
  const timeNs = startNs + BigInt(lengthMs) * NS_PER_MS;
  const metrics: Metric[] = [];
  if (row.groups === undefined) throw expected('an array', row.groups, 'groups');
  for (const [i, group] of listOf(row.groups, ROW_LIMITS.groups, 'groups').entries()) {
    try {
      readGroup(group, { src, srcTags, timeNs }, metrics);
    } catch (error) {
      throw within(error, `groups[${i}]`);
    }
  }
  return { src, startNs, lengthMs, metrics };
}

function windowOf(value: unknown): { startNs: bigint; lengthMs: number } {
  const window = mapOf(value, WINDOW_KEYS, 'window');
  const startNs = typeof window.start === 'string' ? parseIsoTime(window.start) : undefined;
  if (startNs === undefined || startNs < 0n)
    throw expected('a time such as 2026-01-01T00:00:00.000000000Z', window.start, 'window.start');
  return { startNs, lengthMs: wholeOf(window.length_ms, 1, ROW_LIMITS.windowMs, 'window.length_ms') };
}

function readGroup(value: unknown, context: GroupContext, metrics: Metric[]): void {
  const reader = new GroupReader(value, context);
  const { targets } = reader;
  if (metrics.length + targets.length > ROW_LIMITS.targets)
    throw new RowError('targets', `expected ${ROW_LIMITS.targets} in a row at most, found more`);
  for (let i = 0; i < targets.length; i += 1) {
    try {
      metrics.push(reader.read(targets[i]));
    } catch (error) {
      throw within(error, `targets[${i}]`);
    }
  }
}
