/** Golden lines of the formats. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Distribution } from '../../../../core/distribution.js';
import { count, distribution, gauge, type Metric, text } from '../../../../core/metric.js';
import { isoTime } from '../../../../plugins/common/iso-time.js';
import { pingweaveLine } from '../../../../plugins/common/pingweave-line.js';
import { jsonLine } from '../../../../plugins/outputs/file/json.js';

// The times in the CSV are local ones.
process.env.TZ = 'Asia/Seoul';

const TIME_NS = 1_767_225_600_123_456_789n;
const WINDOW_MS = 10_000;

function recorded(...valuesNs: number[]): Distribution {
  const values = new Distribution();
  for (const ns of valuesNs) values.record(ns);
  return values;
}

const probe = (transport: string): Metric => ({
  name: 'probe',
  tags: { transport, src: '10.0.0.1', dst: '10.0.0.2' },
  fields: {
    success: count(3, 'probes'),
    timeout: count(1, 'probes'),
    invalid: count(2, 'probes'),
    network_rtt: distribution(recorded(0, 1000, 2000)),
    prober_delay: distribution(recorded(5000, 5000, 5001)),
  },
  timeNs: TIME_NS,
});

test('JSON', () => {
  const metric = {
    ...probe('udp'),
    fields: { n: count(3), g: gauge(0.5), t: text('é"\n'), rtt: distribution(recorded(0, 1000, 2000)) },
  };
  assert.equal(
    jsonLine(metric),
    '{"name":"probe","tags":{"transport":"udp","src":"10.0.0.1","dst":"10.0.0.2"},' +
      '"fields":{"n":3,"g":0.5,"t":"é\\"\\n","rtt":{"count":3,"sum":3000,"min":0,"max":2000,' +
      '"p50":1007,"p90":2000,"p95":2000,"p99":2000,"p999":2000,"scale":5,"offset":-638,"buckets":' +
      `[1${',0'.repeat(31)},1]}},"time":"2026-01-01T00:00:00.123456789Z"}`,
  );
});

test('JSON holds field names of any kind', () => {
  const fields = Object.fromEntries([['__proto__', gauge(1)]]);
  assert.match(jsonLine({ ...probe('udp'), fields }), /"fields":\{"__proto__":1\}/);
});

test('times before the epoch', () => {
  assert.equal(isoTime(-1n), '1969-12-31T23:59:59.999999999Z');
  assert.equal(isoTime(0n), '1970-01-01T00:00:00.000000000Z');
});

test('CSV of UDP and TCP: counts, then the network', () => {
  const expected =
    '10.0.0.1,10.0.0.2,2026-01-01 08:59:50.123456789,2026-01-01 09:00:00.123456789,3,1,2,network,1000,2000,1007,2000,2000';
  assert.equal(pingweaveLine(probe('udp'), WINDOW_MS), expected);
  assert.equal(pingweaveLine(probe('tcp'), WINDOW_MS), expected);
});

test('CSV of TCP: the round trip of the handshake, not the time of connect(); a refused port alone has none', () => {
  const { network_rtt: _, ...counts } = probe('tcp').fields;
  const connect_time = distribution(recorded(70_000, 90_000, 3e9));
  const figures = (fields: Metric['fields']): string | undefined =>
    pingweaveLine({ ...probe('tcp'), fields }, WINDOW_MS)?.replace(/^.*network,/, '');
  assert.equal(figures({ ...probe('tcp').fields, connect_time }), '1000,2000,1007,2000,2000');
  assert.equal(figures({ ...counts, connect_time }), '0,0,0,0,0');
});

// 5000 ns lies in a bucket whose middle is beyond the largest value: quantiles stay within it.
test('CSV of RDMA: client, network and server; zeros where nothing came back', () => {
  assert.equal(
    pingweaveLine(probe('rdma-ud'), WINDOW_MS),
    '10.0.0.1,10.0.0.2,2026-01-01 08:59:50.123456789,2026-01-01 09:00:00.123456789,3,1,2,' +
      'client,5000,5001,5001,5001,5001,network,1000,2000,1007,2000,2000,server,0,0,0,0,0',
  );
});

test('CSV has no quoting, so nothing may break a line apart', () => {
  const line = pingweaveLine({ ...probe('udp'), tags: { src: 'a,b', dst: 'c\nd' } }, WINDOW_MS);
  assert.match(line ?? '', /^a_b,c_d,2026/);
});

test('CSV has no form for other metrics', () => {
  assert.equal(pingweaveLine({ ...probe('udp'), name: 'weft_agent' }, WINDOW_MS), undefined);
});
