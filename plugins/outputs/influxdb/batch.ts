/** A batch as lines with one precision, and what of it can never be written. */

import { setImmediate } from 'node:timers/promises';
import type { Rejection } from '../../../core/errors.js';
import { isEndOfSeries, type Metric } from '../../../core/metric.js';
import { PointFault } from './fault.js';
import { pointText } from './point.js';

/** From coarse to fine. */
const PRECISIONS = ['s', 'ms', 'us', 'ns'] as const;
export type Precision = (typeof PRECISIONS)[number];
const NS_PER: Readonly<Record<Precision, bigint>> = { s: 1_000_000_000n, ms: 1_000_000n, us: 1000n, ns: 1n };

/** A point of the batch, as it is sent. */
export interface Point {
  /** Of its metric in the batch. */
  readonly index: number;
  readonly metric: Metric;
  /** Name, tags and fields. */
  readonly text: string;
  /** In units of the batch's precision. */
  readonly time: string;
}

export interface EncodedBatch {
  readonly points: readonly Point[];
  /** The coarsest that tells every time exactly: shorter lines, which InfluxDB stores smaller as well. */
  readonly precision: Precision;
  readonly rejected: readonly Rejection[];
  /** What is wrong with the first one that is rejected. */
  readonly fault: string | undefined;
}

/** `maxKeyBytes`: see pointText. Metrics without fields, which end a series, are in neither list. */
export async function encodeBatch(batch: readonly Metric[], maxKeyBytes: number): Promise<EncodedBatch> {
  const encoded: Omit<Point, 'time'>[] = [];
  const rejected: Rejection[] = [];
  let fault: string | undefined;
  for (const [index, metric] of batch.entries()) {
    if (index % SLICE === SLICE - 1) await setImmediate();
    if (isEndOfSeries(metric)) continue;
    try {
      encoded.push({ index, metric, text: pointText(metric, maxKeyBytes) });
    } catch (error) {
      if (!(error instanceof PointFault)) throw error;
      rejected.push({ index, reason: error.reason });
      fault ??= `${metric.name.slice(0, MAX_NAME_CHARS)}: ${error.message}`;
    }
  }
  const precision = coarsest(encoded.map(({ metric }) => metric.timeNs));
  const unitNs = NS_PER[precision];
  const points = encoded.map((point) => ({ ...point, time: String(point.metric.timeNs / unitNs) }));
  return { points, precision, rejected, fault };
}

/** Metrics in a turn of the event loop: some milliseconds, where 5 000 would hold up everything else for a tenth of a second. */
const SLICE = 256;
const MAX_NAME_CHARS = 60;

export function lineOf({ text, time }: Point): string {
  return `${text} ${time}`;
}

function coarsest(timesNs: readonly bigint[]): Precision {
  let place = 0;
  let unitNs = NS_PER.s;
  for (const timeNs of timesNs) {
    while (timeNs % unitNs !== 0n) {
      place += 1;
      unitNs = NS_PER[PRECISIONS[place] ?? 'ns'];
    }
  }
  return PRECISIONS[place] ?? 'ns';
}
