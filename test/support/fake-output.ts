/** An output whose writes end as the test says. */

import { gauge, type Metric } from '../../core/metric.js';
import type { Output } from '../../core/plugin.js';

export type WriteBehavior = (batch: readonly Metric[], signal: AbortSignal) => Promise<void>;

export class FakeOutput implements Output {
  readonly batches: (readonly Metric[])[] = [];
  connects = 0;
  closes = 0;
  onConnect: (signal: AbortSignal) => Promise<void> = async () => {};
  /** A batch counts as arrived when this resolves. */
  onWrite: WriteBehavior = async () => {};
  onClose: () => Promise<void> = async () => {};

  async connect(signal: AbortSignal): Promise<void> {
    this.connects += 1;
    await this.onConnect(signal);
  }

  async write(batch: readonly Metric[], signal: AbortSignal): Promise<void> {
    const copy = [...batch];
    await this.onWrite(batch, signal);
    this.batches.push(copy);
  }

  async close(): Promise<void> {
    this.closes += 1;
    await this.onClose();
  }

  /** Names of all metrics that arrived, in order. */
  get arrived(): string[] {
    return this.batches.flat().map((metric) => metric.name);
  }
}

/** Never comes back, whatever its signal says. */
export const hang = (): Promise<never> => new Promise(() => {});

/** Comes back only when its signal aborts. */
export const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));

export const metricOf = (name: string, tags: Record<string, string> = {}): Metric => ({
  name,
  tags,
  fields: { value: gauge(1) },
  timeNs: 1n,
});
