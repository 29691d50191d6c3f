/**
 * What a receiver makes of it that is none of ours. Declared only where there is one: Debian 12 has none that takes OTLP, and CI
 * allows no skipped test (docs/design/014).
 */

import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { count, distribution, gauge } from '../../../../core/metric.js';
import { hasVictoriaMetrics, VictoriaMetrics } from '../../../support/victoria-metrics.js';
import { connectedOutput, distributionOf, never, probe, S } from './output.js';

/** As Go prints `%.3e`. */
const threeDigits = (value: number): string => value.toExponential(3).replace(/e([+-])(\d)$/, 'e$10$2');

if (hasVictoriaMetrics()) test('every bucket, totals, and the names of outputs.prometheus', arrivesWhole);

async function arrivesWhole(t: TestContext): Promise<void> {
  const server = await VictoriaMetrics.start(t);
  const { output } = await connectedOutput(t, { endpoint: server.otlpUrl, protocol: 'http/protobuf' });
  const values = distributionOf(0, 0, 1, 999, 12_345, 12_345, 1e6);
  const more = distributionOf(12_345, 1e9, 1e9 + 1, 9e15);
  const counts = { sent: count(4, 'probes'), success: count(3, 'probes'), timeout: count(1, 'probes') };
  // What is older than its retention is dropped.
  const nowNs = (BigInt(Date.now()) / 1000n) * S;
  const write = (delays: typeof values, timeNs: bigint) =>
    output.write(
      [probe({ ...counts, load: gauge(0.25, 'ratio'), network_rtt: distribution(delays) }, { timeNs })],
      never,
    );
  await write(values, nowNs - 10n * S);
  await write(more, nowNs);
  values.merge(more);

  const buckets = await server.series('weft_probe_network_rtt_seconds_bucket');
  const held = buckets.map(({ metric, values: ofBucket }) => [String(metric.vmrange), ofBucket.at(-1)] as const);
  const expected = new Map([['0.000e+00...0.000e+00', values.zeroCount]]);
  values.forEachBucket((index, inBucket) => {
    const [lower, upper] = [2 ** (index / 32), 2 ** ((index + 1) / 32)];
    expected.set(`${threeDigits(lower)}...${threeDigits(upper)}`, inBucket);
  });
  assert.deepEqual(new Map(held), expected);

  const totals = async (name: string) => (await server.series(name)).map((series) => series.values.at(-1));
  assert.deepEqual(await totals('weft_probe_network_rtt_seconds_count'), [values.count]);
  const [sum = 0] = await totals('weft_probe_network_rtt_seconds_sum');
  // It keeps some fifteen digits.
  assert.ok(Math.abs(sum / (Number(values.sumNs) / 1e9) - 1) < 1e-12, String(sum));
  assert.deepEqual(await totals('weft_probes_sent_total'), [8]);
  assert.deepEqual(await totals('weft_probe_load_ratio'), [0.25]);
  const results = await server.series('weft_probes_total');
  const found = Object.fromEntries(results.map(({ metric, values: both }) => [metric.result, both]));
  assert.deepEqual(found, { success: [3, 6], timeout: [1, 2] });
  const { transport, src, dst, service_name: service, host_name: host } = results[0]?.metric ?? {};
  assert.deepEqual([transport, src, dst, service, host], ['udp', 'host-a', 'host-b', 'weft', 'host-a']);
}
