/** The TCP input on loopback, with a real board and real engines, against servers of every manner. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import type { Field, Metric } from '../../../../core/metric.js';
import type { TcpTarget } from '../../../../core/target.js';
import type { TcpConfig } from '../../../../plugins/inputs/tcp/config.js';
import { TcpInput } from '../../../../plugins/inputs/tcp/tcp.js';
import { tcpTarget } from '../../../core/pinglist/targets.js';
import { freePort } from '../../../support/free-port.js';
import { startFullListener } from '../../../support/full-listener.js';
import { countOf, type ProbingRig, probingRig, SHORT_WINDOW_MS, succeeded } from '../../../support/probing-rig.js';

const DEFAULTS: TcpConfig = {
  ...{ listen: [], probe: true, source_address: '', source_address_ipv6: '', per_path: false },
  ...{ max_connections: 1000, allowed_prefixes: [], rate_limit: 0, max_accepted: 1000, fault_loss: 0 },
};

function rig(t: TestContext, changes: Partial<TcpConfig> = {}, windowMs = SHORT_WINDOW_MS): ProbingRig {
  return probingRig(t, (context) => new TcpInput({ ...DEFAULTS, ...changes }, context), windowMs);
}

/** Hangs up a list of one target on a port of 127.0.0.1. */
function probe(r: ProbingRig, port: number, target: Partial<TcpTarget> = {}): void {
  r.publish([tcpTarget({ dst: 'a', address: '127.0.0.1', port, intervalMs: 10, ...target })]);
}

/** Starts to listen on a free port; the server is closed with the test, its connections with it. */
async function listening(t: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    // Every probe ends in a reset.
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

function valuesOf(metric: Metric, name: string): { count: number; minNs: number } {
  const field = metric.fields[name];
  assert.ok(field?.kind === 'distribution', `${name} is a distribution`);
  return field.value;
}

function gaugeOf(field: Field | undefined): number {
  assert.ok(field?.kind === 'gauge');
  return field.value;
}

const fieldsLike = (metric: Metric, pattern: RegExp): string[] =>
  Object.keys(metric.fields).filter((name) => pattern.test(name));

describe('inputs.tcp', () => {
  test('probes any open port: the round trip of the kernel beside that of the program', async (t) => {
    const r = rig(t);
    await r.start();
    probe(r, await listening(t, createServer()), { labels: { tor: 't2' } });
    const metric = await r.until(succeeded);
    assert.deepEqual(metric.tags, {
      ...{ transport: 'tcp', src: 'here', dst: 'a', clock: 'kernel', src_tor: 't1', dst_tor: 't2' },
    });
    const success = countOf(metric, 'success');
    const network = valuesOf(metric, 'network_rtt');
    const connect = valuesOf(metric, 'connect_time');
    assert.deepEqual([network.count, connect.count], [success, success]);
    assert.ok(network.minNs > 0 && network.minNs <= connect.minNs);
    assert.deepEqual(metric.fields.drop_rate, { kind: 'gauge', value: 0, unit: 'ratio' });
    assert.deepEqual(fieldsLike(metric, /payload|http|first_byte|source_port|late|duplicate|cause/), []);
    assert.deepEqual(r.acc.errors, []);
  });

  test('answers, and echoes payloads', async (t) => {
    const r = rig(t, { listen: '127.0.0.1:0' });
    await r.start();
    probe(r, r.endpoints()[0]!.port, { payloadBytes: 1200 });
    const metric = await r.until((found) => countOf(found, 'payload_success') > 0);
    assert.equal(valuesOf(metric, 'payload_rtt').count, countOf(metric, 'payload_success'));
    assert.equal(countOf(metric, 'payload_success'), countOf(metric, 'success'));
    assert.deepEqual(fieldsLike(metric, /http|first_byte/), []);
  });

  test('takes a refusal for an answer of the host', async (t) => {
    const r = rig(t);
    await r.start();
    probe(r, await freePort());
    const metric = await r.until(succeeded);
    assert.equal(countOf(metric, 'refused'), countOf(metric, 'success'));
    assert.equal(valuesOf(metric, 'connect_time').count, countOf(metric, 'refused'));
    assert.deepEqual(fieldsLike(metric, /network_rtt|drop_rate/), []);
    assert.equal(countOf(metric, 'timeout'), 0);
  });

  test('counts silence as loss, and the SYNs it sent again', async (t) => {
    const silent = await startFullListener();
    t.after(() => silent.close());
    const r = rig(t);
    await r.start();
    // The kernel sends a SYN again after a second.
    probe(r, silent.port, { timeoutMs: 1500, intervalMs: 50 });
    const metric = await r.until((found) => countOf(found, 'timeout') > 0);
    assert.ok(countOf(metric, 'syn_retransmits') >= countOf(metric, 'timeout'));
    assert.deepEqual([countOf(metric, 'success'), countOf(metric, 'unreachable')], [0, 0]);
    assert.deepEqual(fieldsLike(metric, /network_rtt|connect_time|drop_rate/), []);
  });

  test('leaves the network round trip of connections out that took more than one SYN', async (t) => {
    const listener = await startFullListener();
    t.after(() => listener.close());
    const r = rig(t);
    await r.start();
    probe(r, listener.port, { timeoutMs: 10_000 });
    await r.gatherUntil('prober', 'sent', 1);
    listener.open();
    const metric = await r.until((found) => countOf(found, 'retransmitted') > 0);
    const retransmitted = countOf(metric, 'retransmitted');
    const success = countOf(metric, 'success');
    assert.ok(countOf(metric, 'syn_retransmits') >= retransmitted);
    assert.deepEqual(metric.fields.drop_rate, { kind: 'gauge', value: retransmitted / success, unit: 'ratio' });
    assert.equal(valuesOf(metric, 'connect_time').count, success);
    const network = metric.fields.network_rtt;
    assert.equal(network?.kind === 'distribution' ? network.value.count : 0, success - retransmitted);
  });

  test('keeps apart what the far end does on the connection', async (t) => {
    const r = rig(t);
    await r.start();
    for (const [outcome, behave] of [
      ['payload_success', (socket: Socket) => socket.pipe(socket)],
      ['payload_timeout', () => {}],
      ['payload_invalid', (socket: Socket) => socket.end('garbage')],
      ['payload_reset', (socket: Socket) => socket.resetAndDestroy()],
    ] as const) {
      // Who does something may take long for it on a busy machine.
      const timeoutMs = outcome === 'payload_timeout' ? 1000 : 30_000;
      probe(r, await listening(t, createServer(behave)), { dst: outcome, payloadBytes: 100, timeoutMs });
      const ofTarget = ({ tags }: Metric): boolean => tags.dst === outcome;
      const metric = await r.until((found) => ofTarget(found) && countOf(found, outcome) > 0);
      const ended = ['success', 'timeout', 'invalid', 'reset'].map((end) => countOf(metric, `payload_${end}`));
      assert.equal(
        ended.reduce((sum, n) => sum + n),
        countOf(metric, outcome),
        `nothing but ${outcome}`,
      );
      assert.equal(countOf(metric, 'success'), countOf(metric, outcome), 'the network did its part');
      assert.equal('payload_rtt' in metric.fields, outcome === 'payload_success');
    }
  });

  test('asks a web server, and says what it answered', async (t) => {
    const hosts = new Set<string | undefined>();
    const server = createHttpServer(({ url, headers }, response) => {
      hosts.add(headers.host);
      response.writeHead(url === '/healthy' ? 200 : 503).end('a body that is not read');
    });
    const port = await listening(t, server);
    const r = rig(t);
    await r.start();
    const http = { path: '/healthy', host: 'service.example', status: 200 };
    probe(r, port, { http });
    const healthy = await r.until((metric) => countOf(metric, 'http_success') > 0);
    assert.equal(valuesOf(healthy, 'first_byte').count, countOf(healthy, 'http_success'));
    assert.deepEqual(healthy.fields.http_status, { kind: 'gauge', value: 200, unit: '1' });
    assert.deepEqual([...hosts], ['service.example']);
    assert.deepEqual(fieldsLike(healthy, /payload/), []);
    probe(r, port, { dst: 'sick', http: { ...http, path: '/', host: '' } });
    const sick = await r.until((metric) => countOf(metric, 'http_invalid') > 0);
    assert.equal(countOf(sick, 'http_success'), 0);
    assert.deepEqual(sick.fields.http_status, { kind: 'gauge', value: 503, unit: '1' });
    assert.ok(!('first_byte' in sick.fields));
    assert.ok(hosts.has(`127.0.0.1:${port}`), 'the address stands for the host that was not given');
  });

  test('probes each path from a port of its own, and says from which', async (t) => {
    const r = rig(t, { per_path: true });
    await r.start();
    probe(r, await listening(t, createServer()), { paths: 3 });
    const ports = new Map<string, Set<number>>();
    for (const path of ['0', '1', '2']) {
      const windows = new Set<Metric>();
      const another = (metric: Metric): boolean =>
        succeeded(metric) && metric.tags.path === path && !windows.has(metric);
      while (windows.size < 2) windows.add(await r.until(another));
      ports.set(path, new Set([...windows].map(({ fields }) => gaugeOf(fields.source_port))));
    }
    assert.deepEqual(
      [...ports.values()].map(({ size }) => size),
      [1, 1, 1],
      'a path keeps its port',
    );
    assert.equal(new Set([...ports.values()].flatMap((own) => [...own])).size, 3);
  });

  test('does not open more connections at a time than it may', async (t) => {
    const silent = await startFullListener();
    t.after(() => silent.close());
    const r = rig(t, { max_connections: 2 });
    await r.start();
    probe(r, silent.port, { timeoutMs: 300 });
    const metric = await r.until((found) => countOf(found, 'send_error') > 0);
    assert.deepEqual(metric.fields.send_error_cause, { kind: 'text', value: 'EMFILE' });
    assert.ok(countOf(metric, 'sent') <= 2);
  });
});
