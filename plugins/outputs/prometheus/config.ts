/** Options of outputs.prometheus. */

import { duration, STRICT, type Static, Type } from '../../../core/config/schema.js';
import { serverOptions } from '../../common/http/options.js';

/**
 * Powers of two seconds, from 1 µs to 1 s: they are bounds of weft's distributions too (every 32nd bucket), so the
 * classic counts are exact. Every octave up to 1 ms, where round trips inside a data centre lie, then wider.
 */
export const DEFAULT_BUCKETS: readonly number[] = [
  -20, -19, -18, -17, -16, -15, -14, -13, -12, -11, -10, -8, -5, 0,
].map((exponent) => 2 ** exponent);

export const PrometheusOptions = Type.Object(
  {
    listen: Type.String({ default: '127.0.0.1:9273', description: 'Address and port the metrics are served on.' }),
    path: Type.String({
      default: '/metrics',
      pattern: '^/[^?#\\s]+$',
      examples: ['/metrics'],
      description: 'Path of the metrics.',
    }),
    ...serverOptions,
    native_histograms: Type.Boolean({
      default: true,
      description: 'Send native histograms, in the protobuf exposition, to scrapers that accept it.',
    }),
    classic_with_native: Type.Boolean({
      default: false,
      description: 'Send the classic buckets beside the native ones in the protobuf exposition.',
    }),
    buckets: Type.Array(Type.Number({ exclusiveMinimum: 0 }), {
      default: [...DEFAULT_BUCKETS],
      minItems: 1,
      maxItems: 64,
      description: 'Upper bounds of classic histogram buckets in seconds, ascending; powers of two keep counts exact.',
    }),
    series_expiry: duration({
      default: '0s',
      description: 'Forget a series that got no metric for this long; `0s` is three times its own interval.',
    }),
    max_series: Type.Integer({
      default: 200_000,
      minimum: 1,
      description: 'Metric series (name and tags) held at most; metrics of further ones are dropped and counted.',
    }),
    gzip: Type.Boolean({
      default: false,
      description: 'Compress for scrapers that accept it: far fewer bytes for nearly twice the CPU.',
    }),
    runtime_metrics: Type.Boolean({
      default: true,
      description: 'Serve metrics of the process too: CPU, memory, file descriptors, event loop, garbage collection.',
    }),
  },
  STRICT,
);
export type PrometheusConfig = Static<typeof PrometheusOptions>;
