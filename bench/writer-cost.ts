/** What it costs to write metrics to a server: outputs, and beside them a package as it comes. All are measured alike, in turn. */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Metric } from '../core/metric.js';
import type { BenchRow } from './bench-row.js';
import { median } from './statistics.js';

const ROUNDS = 5;

export interface Writer {
  readonly name: string;
  write(batch: readonly Metric[]): Promise<void>;
  close(): Promise<void>;
}

export interface WriterCost {
  /** Metrics/s. */
  readonly rate: number;
  /** CPU of this process, ms per 1 000 metrics. */
  readonly cpuMs: number;
  /** How long the event loop was held up at most, ms. */
  readonly blockedMs: number;
}

/** A figure of one suite, beside those of all. */
export interface OwnFigure {
  readonly name: string;
  readonly unit: string;
}

export interface Measured {
  readonly name: string;
  readonly cost: WriterCost;
  /** The suite's own figure. */
  readonly own: number;
}

/** Does not close the writer. */
export async function costOf(writer: Writer, batches: readonly (readonly Metric[])[]): Promise<WriterCost> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const [startMs, startCpu] = [performance.now(), process.cpuUsage()];
  for (const batch of batches) await writer.write(batch);
  const { user, system } = process.cpuUsage(startCpu);
  const seconds = (performance.now() - startMs) / 1000;
  delay.disable();
  const written = batches.reduce((sum, batch) => sum + batch.length, 0);
  return { rate: written / seconds, cpuMs: (user + system) / written, blockedMs: delay.max / 1e6 };
}

/**
 * In turn, so that what else the machine does befalls all alike; the first round warms up. `measures`: one measurement of each
 * writer. The first is what the others are compared with.
 */
export async function compared(
  quick: boolean,
  measures: readonly (() => Promise<Measured>)[],
  own: OwnFigure,
): Promise<BenchRow[]> {
  const rounds = measures.map((): Measured[] => []);
  for (let round = 0; round <= (quick ? 1 : ROUNDS); round += 1) {
    for (const [i, measure] of measures.entries()) {
      const measured = await measure();
      if (round > 0) rounds[i]?.push(measured);
    }
  }
  return rounds.flatMap((measured) => rowsOf(measured, rounds[0] ?? [], own));
}

function rowsOf(measured: readonly Measured[], baseline: readonly Measured[], own: OwnFigure): BenchRow[] {
  const name = measured[0]?.name ?? '';
  const row = (label: string, unit: string, of: (each: Measured) => number): BenchRow => {
    const [value, limit] = [median(measured.map(of)), median(baseline.map(of))];
    const ratio = measured === baseline ? {} : { limit, ratio: value / limit };
    return { name: label === '' ? name : `${name}: ${label}`, value, unit, ...ratio };
  };
  return [
    row('', 'metrics/s', ({ cost }) => cost.rate),
    row('CPU per 1 000 metrics', 'ms', ({ cost }) => cost.cpuMs),
    row(own.name, own.unit, (each) => each.own),
    row('event loop held up at most', 'ms', ({ cost }) => cost.blockedMs),
  ];
}
