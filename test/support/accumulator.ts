/** An Accumulator that keeps what it is given. */

import type { Metric } from '../../core/metric.js';
import type { Accumulator } from '../../core/plugin.js';

export class TestAccumulator implements Accumulator {
  readonly metrics: Metric[] = [];
  readonly errors: unknown[] = [];

  add(metric: Metric): void {
    this.metrics.push(metric);
  }

  addError(error: unknown): void {
    this.errors.push(error);
  }
}
