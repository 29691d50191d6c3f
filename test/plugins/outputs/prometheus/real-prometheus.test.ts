/** What a real Prometheus makes of the pages: values, quantiles of both kinds of histogram, ended series, refusals. */

import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { Distribution } from '../../../../core/distribution.js';
import { count, distribution, gauge, type Metric } from '../../../../core/metric.js';
import type { PrometheusConfig } from '../../../../plugins/outputs/prometheus/config.js';
import { makeCertificates } from '../../../support/certificates.js';
import { fetchUrl } from '../../../support/http-client.js';
import { hasPrometheus, PrometheusServer, promtoolCheck } from '../../../support/prometheus-server.js';
import { tempFolder } from '../../../support/temp-folder.js';
import { exporter, probeMetric, recorded, tcpProbeMetric, urlOf } from './exporter.js';

const skip = hasPrometheus() ? false : 'Debian package prometheus is not installed';
const SERIES = '{dst="host-b"}';
/** Ratio of the bounds of one bucket of a native histogram of schema 5. */
const NATIVE_BUCKET = 2 ** (1 / 32);

/** Deterministic and spread over three decades, as round trips are. */
function roundTrips(): Distribution {
  const valuesNs = Array.from({ length: 5000 }, (_, i) => Math.round(8000 * 1.0015 ** i));
  return recorded(...valuesNs);
}

function window(values: Distribution): Metric {
  const { name, tags, timeNs } = probeMetric({ dst: 'host-b', clock: 'kernel', src_tor: 't"1\\\n' });
  const fields = { success: count(values.count), timeout: count(3), network_rtt: distribution(values) };
  return { name, tags, fields, timeNs };
}

async function scraped(t: TestContext, options: Partial<PrometheusConfig>, scrape: object, wanted: RegExp) {
  const output = await exporter(t, options);
  const server = await PrometheusServer.start(t, urlOf(output).host, scrape);
  await server.scraped(wanted);
}

// Prometheus takes five seconds to its first scrape, most of it waiting.
describe('a real Prometheus', { skip, concurrency: 4 }, () => {
  test('native histograms: count, sum and quantiles are those of the distribution', async (t) => {
    const output = await exporter(t);
    const server = await PrometheusServer.start(t, urlOf(output).host);
    const values = roundTrips();
    await output.write([window(values)]);
    const name = `weft_probe_network_rtt_seconds${SERIES}`;
    const ask = await server.momentOf(`histogram_count(${name})`, (samples) => samples.length === 1);
    const [counted] = await ask(`histogram_count(${name})`);
    assert.equal(counted?.value, values.count);
    const [sum] = await ask(`histogram_sum(${name})`);
    assert.ok(Math.abs((sum?.value ?? 0) / (values.sumNsNumber / 1e9) - 1) < 1e-9);
    assert.deepEqual(await ask('weft_probe_network_rtt_seconds_bucket'), [], 'no classic buckets');
    for (const q of [0.01, 0.5, 0.9, 0.99, 0.999]) {
      const [quantile] = await ask(`histogram_quantile(${q}, ${name})`);
      const ratio = (quantile?.value ?? 0) / (values.quantile(q) / 1e9);
      assert.ok(ratio > 1 / NATIVE_BUCKET && ratio < NATIVE_BUCKET, `${q}: ${ratio}`);
    }
  });

  test('classic histograms: exact counts, and quantiles in the bucket of the distribution’s own', async (t) => {
    const output = await exporter(t);
    const server = await PrometheusServer.start(t, urlOf(output).host, {}, []);
    const values = roundTrips();
    await output.write([window(values)]);
    const name = `weft_probe_network_rtt_seconds_bucket${SERIES}`;
    const ask = await server.momentOf(name, (samples) => samples.length === 15);
    const buckets = await ask(name);
    const bounds = buckets.map(({ metric }) => Number((metric.le ?? '').replace('+Inf', 'Infinity')));
    for (const [i, { value }] of buckets.entries()) {
      let below = values.zeroCount;
      for (let index = 0; index < 5000; index += 1)
        below += Math.round(8000 * 1.0015 ** index) <= (bounds[i] ?? 0) * 1e9 ? 1 : 0;
      assert.equal(value, below, `le ${bounds[i]}`);
    }
    bounds.sort((a, b) => a - b);
    for (const q of [0.5, 0.9, 0.99]) {
      const own = values.quantile(q) / 1e9;
      const upper = bounds.find((bound) => own <= bound) ?? Number.NaN;
      const lower = bounds.findLast((bound) => bound < own) ?? 0;
      const [quantile] = await ask(`histogram_quantile(${q}, ${name})`);
      assert.ok((quantile?.value ?? 0) >= lower && (quantile?.value ?? 0) <= upper, `${q}: ${quantile?.value}`);
    }
  });

  test('both exposition formats give the same series and values', async (t) => {
    const output = await exporter(t, { classic_with_native: true });
    const { host } = urlOf(output);
    const native = await PrometheusServer.start(t, host);
    const classic = await PrometheusServer.start(t, host, {}, []);
    const gauges: Metric = {
      ...window(roundTrips()),
      name: 'third',
      fields: { party: gauge(0.25, 'ratio'), n: count(7) },
    };
    await output.write([window(roundTrips()), gauges]);
    await output.write([window(roundTrips()), gauges]);
    for (const expression of ['weft_probes_total', 'third_party_ratio', 'third_n_total']) {
      const accept = (samples: readonly unknown[]): boolean => samples.length > 0;
      const text = await classic.queryUntil(expression, accept);
      assert.deepEqual(await native.queryUntil(expression, accept), text);
      assert.equal(text[0]?.metric.src_tor, 't"1\\\n');
    }
    const ask = await classic.momentOf('weft_probes_total', (samples) => samples.length === 2);
    assert.deepEqual(
      (await ask('sort_desc(weft_probes_total)')).map(({ metric, value }) => [metric.result, value]),
      [
        ['success', 10_000],
        ['timeout', 6],
      ],
    );
  });

  test('a series that ended is stale after the next scrape', async (t) => {
    const output = await exporter(t);
    const server = await PrometheusServer.start(t, urlOf(output).host);
    const [stays, goes] = [probeMetric({ dst: 'host-b' }, 1000), probeMetric({ dst: 'host-c' }, 1000)];
    await output.write([stays, goes]);
    await server.queryUntil('weft_probes_sent_total', (samples) => samples.length === 2);
    await output.write([{ ...goes, fields: {} }]);
    const ask = await server.momentOf('weft_probes_sent_total', (samples) => samples.length === 1);
    assert.equal((await ask('weft_probes_sent_total'))[0]?.metric.dst, 'host-b');
    assert.equal((await ask('histogram_count(weft_probe_network_rtt_seconds)')).length, 1);
  });

  test('promtool finds nothing to say about a page', async (t) => {
    const output = await exporter(t, { runtime_metrics: true });
    await output.write([window(roundTrips()), tcpProbeMetric({ dst: 'host-d' })]);
    const { body } = await fetchUrl(urlOf(output).href);
    assert.match(body.toString(), /nodejs_eventloop_lag_seconds/);
    assert.match(body.toString(), /weft_probe_http_first_byte_seconds_count\{dst="host-d"/);
    assert.equal(promtoolCheck(body), '');
    assert.notEqual(promtoolCheck(Buffer.from('bad_total 1\n')), '', 'promtool would have spoken');
  });

  test('TLS with a client certificate and a password', async (t) => {
    const folder = await tempFolder(t);
    const { caFile, server, client } = makeCertificates(folder);
    const [certFile, keyFile] = [join(folder, 'c.pem'), join(folder, 'c.key')];
    await Promise.all([writeFile(certFile, client.cert), writeFile(keyFile, client.key)]);
    const options = {
      tls_cert: server.certFile,
      tls_key: server.keyFile,
      tls_client_ca: caFile,
      basic_username: 'prometheus',
      basic_password: 'hush',
    };
    const tls = { scheme: 'https', tls_config: { ca_file: caFile, cert_file: certFile, key_file: keyFile } };
    const basic_auth = { username: 'prometheus', password: 'hush' };
    await Promise.all([
      scraped(t, options, { ...tls, basic_auth }, /^up$/),
      scraped(t, options, { ...tls, basic_auth: { ...basic_auth, password: 'x' } }, /^down .*401/),
      scraped(t, options, { scheme: 'https', tls_config: { ca_file: caFile }, basic_auth }, /^down .*tls/),
    ]);
  });

  test('a bearer token', async (t) => {
    const scrape = (credentials: string) => ({ authorization: { type: 'Bearer', credentials } });
    const options = { bearer_token: 'secret' };
    await Promise.all([
      scraped(t, options, scrape('secret'), /^up$/),
      scraped(t, options, scrape('guess'), /^down .*401/),
    ]);
  });
});
