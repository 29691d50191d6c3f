/** The exporter as scrapers meet it. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { ConfigError, StartupError } from '../../../../core/errors.js';
import { count, gauge, text } from '../../../../core/metric.js';
import { CONTENT_TYPE } from '../../../../plugins/outputs/prometheus/negotiate.js';
import { PrometheusOutput } from '../../../../plugins/outputs/prometheus/prometheus.js';
import { FakeClock, settle } from '../../../support/fake-clock.js';
import { freePort } from '../../../support/free-port.js';
import { fetchUrl } from '../../../support/http-client.js';
import { contextOf, environment } from '../../../support/pipeline.js';
import { until } from '../../../support/wait-for.js';
import { config, exporter, NEVER, probeMetric, samples, tcpProbeMetric, urlOf } from './exporter.js';

test('counts add up from write to write', async (t) => {
  const output = await exporter(t);
  await output.write([probeMetric({ dst: 'b' }, 1000, 3000)]);
  await output.write([probeMetric({ dst: 'b' }, 2000)]);
  const { body, headers } = await fetchUrl(urlOf(output).href);
  assert.equal(headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8');
  assert.deepEqual(samples(body, 'weft_probes_'), [
    'weft_probes_sent_total{dst="b",src="host-a",transport="udp"} 5',
    'weft_probes_total{dst="b",src="host-a",transport="udp",result="success"} 3',
    'weft_probes_total{dst="b",src="host-a",transport="udp",result="timeout"} 2',
  ]);
  assert.deepEqual(
    samples(body, 'weft_probe_network_rtt_seconds_'),
    [
      ...['9.5367431640625e-07"} 0', '1.9073486328125e-06"} 1', '3.814697265625e-06"} 3', '7.62939453125e-06"} 3'],
      ...['1.52587890625e-05"} 3', '3.0517578125e-05"} 3', '6.103515625e-05"} 3', '0.0001220703125"} 3'],
      ...['0.000244140625"} 3', '0.00048828125"} 3', '0.0009765625"} 3', '0.00390625"} 3', '0.03125"} 3', '1"} 3'],
      '+Inf"} 3',
    ]
      .map((rest) => `weft_probe_network_rtt_seconds_bucket{dst="b",src="host-a",transport="udp",le="${rest}`)
      .concat(
        'weft_probe_network_rtt_seconds_sum{dst="b",src="host-a",transport="udp"} 0.000006',
        'weft_probe_network_rtt_seconds_count{dst="b",src="host-a",transport="udp"} 3',
      ),
  );
});

test('everything a window of TCP probes has is served, outcomes of one kind as one family', async (t) => {
  const output = await exporter(t);
  await output.write([tcpProbeMetric({ dst: 'b' })]);
  const page = (await fetchUrl(urlOf(output).href)).body.toString();
  assert.ok(samples(page, 'weft_prometheus_dropped_total').every((line) => line.endsWith(' 0')));
  const series = 'dst="b",src="host-a",transport="tcp"';
  for (const kind of ['payload', 'http']) {
    assert.deepEqual(
      samples(page, `weft_probe_${kind}_total`),
      ['success', 'timeout', 'invalid', 'reset'].map(
        (result) => `weft_probe_${kind}_total{${series},result="${result}"} 1`,
      ),
    );
  }
  for (const [sample, value] of [
    ['weft_probe_drop_rate_ratio', '0.5'],
    ['weft_probe_refused_total', '1'],
    ['weft_probe_source_port', '40000'],
    ['weft_probe_payload_rtt_seconds_sum', '0.000001'],
    ['weft_probe_http_first_byte_seconds_sum', '0.000001'],
  ] as const) {
    assert.deepEqual(samples(page, `${sample}{`), [`${sample}{${series}} ${value}`]);
  }
});

test('each family stands once, with help and type before its samples', async (t) => {
  const output = await exporter(t, { runtime_metrics: true });
  await output.write([probeMetric({ dst: 'b' }, 1000), probeMetric({ dst: 'c' }, 1000)]);
  const page = (await fetchUrl(urlOf(output).href)).body.toString();
  const seen = new Set<string>();
  let family = '';
  for (const line of page.split('\n').filter((text) => text !== '')) {
    const [, comment, name = ''] = /^(?:# (HELP|TYPE) )?([\w:]+)/.exec(line) ?? [];
    if (comment === 'HELP') {
      assert.ok(!seen.has(name), `${name} comes twice`);
      seen.add(name);
      family = name;
    }
    assert.ok(name.startsWith(family), `${line} stands under ${family}`);
  }
  assert.ok(seen.has('weft_probes_total') && seen.has('process_cpu_seconds_total'));
});

test('a metric without fields ends its series, and only that one', async (t) => {
  const output = await exporter(t);
  await output.write([probeMetric({ dst: 'b' }, 1000), probeMetric({ dst: 'c' }, 1000)]);
  await output.write([{ ...probeMetric({ dst: 'b' }), fields: {} }]);
  const { body } = await fetchUrl(urlOf(output).href);
  assert.equal(body.includes('dst="b"'), false);
  assert.equal(body.includes('dst="c"'), true);
});

test('a series whose metrics ceased is gone after three intervals', async (t) => {
  const clock = new FakeClock();
  const output = await exporter(t, {}, { clock });
  const page = async (): Promise<string> => (await fetchUrl(urlOf(output).href)).body.toString();
  const metric = probeMetric({ dst: 'b' }, 1000);
  await output.write([metric]);
  await clock.advance(20_000);
  await output.write([metric]);
  await clock.advance(60_000);
  assert.match(await page(), /dst="b"/);
  await clock.advance(1);
  assert.doesNotMatch(await page(), /dst="b"/);
});

test('what cannot be served is counted by reason', async (t) => {
  const output = await exporter(t, { max_series: 2 });
  const metric = { ...probeMetric({ dst: 'b' }), name: 'm' };
  await output.write([
    { ...metric, fields: { word: text('x'), bad: gauge(Number.NaN), g: gauge(1), 'g ': gauge(1), g_: gauge(2) } },
    { ...metric, fields: { g: gauge(1, 'bytes') } },
    { ...metric, tags: { 'a.b': '1' }, fields: { g: gauge(1) } },
    { ...metric, tags: { 'a-b': '1' }, fields: { g: gauge(1) } },
  ]);
  const { body } = await fetchUrl(urlOf(output).href);
  assert.deepEqual(
    samples(body, 'weft_prometheus_dropped_total').filter((line) => !line.endsWith(' 0')),
    [
      'weft_prometheus_dropped_total{reason="text_field"} 1',
      'weft_prometheus_dropped_total{reason="not_finite"} 1',
      'weft_prometheus_dropped_total{reason="kind_changed"} 1',
      'weft_prometheus_dropped_total{reason="name_taken"} 1',
      'weft_prometheus_dropped_total{reason="max_series"} 1',
    ],
  );
});

test('protobuf goes to those who ask for it, unless native histograms are off', async (t) => {
  const accept = `${CONTENT_TYPE.protobuf},text/plain;q=0.5`;
  const type = async (native_histograms: boolean, headers: Record<string, string>): Promise<string | undefined> =>
    (await fetchUrl(urlOf(await exporter(t, { native_histograms })).href, { headers })).headers['content-type'];
  assert.equal(await type(true, { accept }), CONTENT_TYPE.protobuf);
  assert.match((await type(true, {})) ?? '', /^text\/plain/);
  assert.match((await type(false, { accept })) ?? '', /^text\/plain/);
});

test('gzip only if it is on and the scraper accepts it', async (t) => {
  for (const gzip of [true, false]) {
    const output = await exporter(t, { gzip });
    await output.write([probeMetric({ dst: 'b' }, 1000)]);
    const { headers, body } = await fetchUrl(urlOf(output).href, { headers: { 'accept-encoding': 'gzip' } });
    assert.equal(headers['content-encoding'], gzip ? 'gzip' : undefined);
    assert.match((gzip ? gunzipSync(body) : body).toString(), /weft_probes_total/);
    const plain = await fetchUrl(urlOf(output).href);
    assert.equal(plain.headers['content-encoding'], undefined);
  }
});

test('a landing page, and 404 and 405 for the rest', async (t) => {
  const output = await exporter(t, { path: '/m&e' });
  const { origin } = urlOf(output);
  const landing = await fetchUrl(`${origin}/`);
  assert.equal(landing.status, 200);
  assert.match(landing.body.toString(), /href="\/m&#38;e"/);
  assert.equal((await fetchUrl(`${origin}/nothing`)).status, 404);
  const post = await fetchUrl(`${origin}/`, { method: 'POST' });
  assert.deepEqual([post.status, post.headers.allow], [405, 'GET, HEAD']);
  const head = await fetchUrl(`${origin}/m&e`, { method: 'HEAD' });
  assert.deepEqual([head.status, head.body.length], [200, 0]);
});

test('requests are counted by status', async (t) => {
  const output = await exporter(t);
  await fetchUrl(`${urlOf(output).origin}/nothing`);
  const { body } = await fetchUrl(urlOf(output).href);
  assert.deepEqual(samples(body, 'weft_prometheus_requests_total'), ['weft_prometheus_requests_total{status="404"} 1']);
});

test('an address in use is a StartupError worth trying again', async (t) => {
  const other = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => other.once('listening', resolve));
  t.after(() => other.close());
  const address = other.address() as { port: number };
  const output = new PrometheusOutput(config({ listen: `127.0.0.1:${address.port}` }), contextOf(environment()));
  await assert.rejects(output.connect(NEVER), (error: unknown) => {
    assert.ok(error instanceof StartupError && error.retryable);
    assert.match(error.message, /another process uses this address/);
    return true;
  });
  await output.close();
});

test('closing is legal without connect and twice, and frees the port', async (t) => {
  const listen = `127.0.0.1:${await freePort()}`;
  const output = await exporter(t, { listen });
  await output.close();
  await output.close();
  const next = new PrometheusOutput(config({ listen }), contextOf(environment()));
  await next.close();
  await next.connect(NEVER);
  await next.close();
  assert.equal(next.url, undefined);
});

test('buckets that do not ascend are a ConfigError', () => {
  assert.throws(() => new PrometheusOutput(config({ buckets: [1, 0.5] }), contextOf(environment())), ConfigError);
});

/** A scraper that asks for a page and reads none of it. */
async function stuckScraper(t: TestContext, url: URL): Promise<Socket> {
  const socket = connect(Number(url.port), url.hostname);
  t.after(() => socket.destroy());
  socket.pause();
  await once(socket, 'connect');
  socket.write(`GET ${url.pathname} HTTP/1.1\r\nHost: x\r\n\r\n`);
  return socket;
}

/** More than what the kernel holds for a peer that does not read. */
async function fill(output: PrometheusOutput): Promise<void> {
  const label = 'x'.repeat(50_000);
  await output.write(Array.from({ length: 500 }, (_, i) => ({ ...probeMetric({ dst: `${i}`, label }), fields: BIG })));
}
const BIG = { a: gauge(1), b: gauge(1) };

test('four scrapes at once, a fifth is told to come again, and all places are free when they left', async (t) => {
  const clock = new FakeClock();
  const output = await exporter(t, {}, { clock });
  await fill(output);
  const url = urlOf(output);
  const scrapers = await Promise.all(Array.from({ length: 4 }, () => stuckScraper(t, url)));
  const status = async (): Promise<number> => (await fetchUrl(url.href)).status;
  await until(async () => (await status()) === 503);
  const refused = await fetchUrl(url.href);
  assert.deepEqual([refused.status, refused.headers['retry-after']], [503, '1']);
  for (const scraper of scrapers) scraper.destroy();
  const aborted = async (): Promise<string | undefined> => {
    const { status: answered, body } = await fetchUrl(url.href);
    return answered === 200 ? samples(body, 'weft_prometheus_requests_total{status="aborted"}')[0] : undefined;
  };
  await until(async () => (await aborted()) === 'weft_prometheus_requests_total{status="aborted"} 4');
});

test('a scraper that takes no page within a minute is cut off', async (t) => {
  const clock = new FakeClock();
  const output = await exporter(t, {}, { clock });
  await fill(output);
  const scraper = await stuckScraper(t, urlOf(output));
  await until(() => clock.pending > 0, { turn: settle });
  const closed = once(scraper, 'close');
  await clock.advance(60_000);
  scraper.resume();
  await closed;
});

test('no metric of the pipeline takes the name of one of the exporter’s or the process’s', async (t) => {
  const output = await exporter(t, { runtime_metrics: true });
  const metric = probeMetric({ dst: 'b' });
  await output.write([
    { ...metric, name: 'process', fields: { cpu: count(1, 's') } },
    { ...metric, name: 'weft_prometheus', fields: { series: gauge(7) } },
  ]);
  const { body } = await fetchUrl(urlOf(output).href);
  assert.equal(body.includes('dst="b"'), false);
  assert.deepEqual(samples(body, 'weft_prometheus_dropped_total{reason="name_taken"}'), [
    'weft_prometheus_dropped_total{reason="name_taken"} 2',
  ]);
});
