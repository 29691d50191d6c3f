/** Figures as samples of time series, one series a figure: https://redis.io/docs/latest/commands/ts.add/ */

import { compileGlobs, type Matcher } from '../../../core/pipeline/glob.js';
import { MetricFault } from './fault.js';
import { shown } from './field-names.js';
import { seriesKey } from './keys.js';
import type { MetricRecord } from './record.js';

export interface TimeSeriesOptions {
  readonly prefix: string;
  readonly retentionMs: number;
  /** Globs. */
  readonly figures: readonly string[];
}

export interface Sample {
  readonly key: string;
  /** Of the command. */
  readonly args: readonly string[];
}

const NS_PER_MS = 1_000_000n;
/** What a filter is written with, and what a command would take for one of its own words. */
const SPECIAL_IN_LABEL = /[%(),]/g;
const OWN_WORDS =
  /^(LABELS|RETENTION|ENCODING|CHUNK_SIZE|DUPLICATE_POLICY|ON_DUPLICATE|IGNORE|UNCOMPRESSED|COMPRESSED)$/i;
const OWN_LABELS = ['metric', 'figure'];

export class TimeSeries {
  readonly #options: TimeSeriesOptions;
  readonly #isWanted: Matcher;

  constructor(options: TimeSeriesOptions) {
    this.#options = options;
    this.#isWanted = compileGlobs(options.figures) ?? (() => false);
  }

  /** Throws MetricFault. */
  samplesOf({ metric, key, names, values }: MetricRecord): Sample[] {
    if (metric.timeNs < 0n) throw new MetricFault('out_of_range', 'a time series has no time before 1970');
    const own = OWN_LABELS.find((label) => metric.tags[label]);
    if (own !== undefined) throw new MetricFault('invalid', `the tag ${shown(own)} has the name of a label of its own`);
    const labels = ['metric', labelText(metric.name)];
    for (const tag in metric.tags) {
      const value = metric.tags[tag] ?? '';
      if (value !== '') labels.push(labelText(tag), labelText(value));
    }
    const samples: Sample[] = [];
    for (const [i, figure] of names.list.entries()) {
      const value = values[i];
      if (typeof value === 'number' && this.#isWanted(figure))
        samples.push(this.#sample(metric.timeNs, key, figure, value, labels));
    }
    return samples;
  }

  #sample(timeNs: bigint, latest: string, figure: string, value: number, labels: readonly string[]): Sample {
    const { prefix, retentionMs } = this.#options;
    const key = seriesKey(prefix, latest, figure);
    const head = ['TS.ADD', key, String(timeNs / NS_PER_MS), String(value)];
    const kept = ['RETENTION', String(retentionMs), 'ON_DUPLICATE', 'LAST'];
    return { key, args: [...head, ...kept, 'LABELS', 'figure', labelText(figure), ...labels] };
  }
}

function labelText(text: string): string {
  const escaped = text.replace(SPECIAL_IN_LABEL, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  return OWN_WORDS.test(escaped) ? `%${escaped.charCodeAt(0).toString(16).toUpperCase()}${escaped.slice(1)}` : escaped;
}
