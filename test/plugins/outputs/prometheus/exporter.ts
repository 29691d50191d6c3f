/** An exporter on a free port, with the options users would have left out. */

import type { TestContext } from 'node:test';
import { systemClock } from '../../../../core/clock.js';
import { Distribution } from '../../../../core/distribution.js';
import { count, distribution, type Field, gauge, type Metric, type Tags } from '../../../../core/metric.js';
import type { PluginContext } from '../../../../core/plugin.js';
import { DEFAULT_BUCKETS, type PrometheusConfig } from '../../../../plugins/outputs/prometheus/config.js';
import { PrometheusOutput } from '../../../../plugins/outputs/prometheus/prometheus.js';
import { contextOf, environment } from '../../../support/pipeline.js';

export const NEVER: AbortSignal = new AbortController().signal;

export const config = (options: Partial<PrometheusConfig> = {}): PrometheusConfig => ({
  listen: '127.0.0.1:0',
  path: '/metrics',
  native_histograms: true,
  classic_with_native: false,
  buckets: [...DEFAULT_BUCKETS],
  series_expiry: 0,
  max_series: 1000,
  gzip: false,
  runtime_metrics: false,
  ...options,
});

export async function exporter(
  t: TestContext,
  options: Partial<PrometheusConfig> = {},
  context: Partial<PluginContext> = {},
): Promise<PrometheusOutput> {
  const output = new PrometheusOutput(config(options), { ...contextOf(environment()), clock: systemClock, ...context });
  await output.connect(NEVER);
  t.after(() => output.close());
  return output;
}

/** Throws unless connected. */
export function urlOf(output: PrometheusOutput): URL {
  if (output.url === undefined) throw new Error('the exporter does not listen');
  return new URL(output.url);
}

export function recorded(...valuesNs: number[]): Distribution {
  const values = new Distribution();
  for (const ns of valuesNs) values.record(ns);
  return values;
}

/** A window of a target with these round trips and as many successes, and one timeout. */
export function probeMetric(tags: Tags, ...rttsNs: number[]): Metric {
  return {
    name: 'probe',
    tags: { transport: 'udp', src: 'host-a', ...tags },
    fields: {
      sent: count(rttsNs.length + 1, 'probes'),
      success: count(rttsNs.length, 'probes'),
      timeout: count(1, 'probes'),
      ...(rttsNs.length > 0 && { network_rtt: distribution(recorded(...rttsNs)) }),
    },
    timeNs: systemClock.nowNs(),
  };
}

/** A window of TCP probes with everything such a window can have, but for texts. */
export function tcpProbeMetric(tags: Tags): Metric {
  const { tags: common, timeNs } = probeMetric({ ...tags, transport: 'tcp' });
  const probes = ['sent', 'success', 'timeout', 'send_error', 'invalid', 'refused', 'unreachable', 'retransmitted'];
  const packets = ['syn_retransmits', 'payload_retransmits', 'http_retransmits'];
  const exchanges = ['success', 'timeout', 'invalid', 'reset'].flatMap((end) => [`payload_${end}`, `http_${end}`]);
  const times = ['network_rtt', 'connect_time', 'payload_rtt', 'first_byte'];
  const fields = Object.fromEntries([
    ...[...probes, ...exchanges].map((name) => [name, count(1, 'probes')] as const),
    ...packets.map((name) => [name, count(1, 'packets')] as const),
    ...times.map((name) => [name, distribution(recorded(1000))] as const),
    ['drop_rate', gauge(0.5, 'ratio')],
    ['http_status', gauge(200)],
    ['source_port', gauge(40_000)],
  ] satisfies (readonly [string, Field])[]);
  return { name: 'probe', tags: common, fields, timeNs };
}

/** The lines of a page that belong to names starting with `prefix`, without comments. */
export function samples(page: string | Buffer, prefix: string): string[] {
  return page
    .toString()
    .split('\n')
    .filter((line) => line.startsWith(prefix));
}
