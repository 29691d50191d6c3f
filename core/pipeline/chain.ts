/** The way of a metric from the inputs through the processors to the end. */

import type { Metric } from '../metric.js';
import type { RunningProcessor } from './running-processor.js';

/** Links processors, in ascending order, into one function that ends in `sink`: nothing is made for each metric. */
export function chain(
  processors: readonly RunningProcessor[],
  sink: (metric: Metric) => void,
): (metric: Metric) => void {
  const sorted = [...processors].sort((a, b) => (a.order < b.order ? -1 : Number(a.order > b.order)));
  return sorted.reduceRight<(metric: Metric) => void>(
    (next, processor) => (metric) => processor.process(metric, next),
    sink,
  );
}
