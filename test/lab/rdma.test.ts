/** RDMA from one end to the other: real verbs, real agents, a real controller, a real Prometheus. */

import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { interval, Z_9999 } from '../support/binomial.js';
import { type DelayField, hasLatency, merged, type ProbeRow, total } from '../support/probe-rows.js';
import { hasPrometheus, PrometheusServer } from '../support/prometheus-server.js';
import { CONTROLLER_PORT, LabAgent, METRICS_PORT, READER_TOKEN } from './agent.js';
import { SharedLab } from './lab.js';
import { labUnavailable } from './unavailable.js';
import { endNetemOnMessages, netemOnMessages, prepareNetemOnMessages } from './wire.js';

const NS_PER_MS = 1_000_000;
/** Nothing on the wire takes that long, whatever else this machine does. */
const TIMEOUT = '3s';
/** Both directions, the first as often as a pair may be probed. */
const POLICIES = [
  { mode: 'arrow', name: 'there', src: { end: 'a' }, dst: { end: 'b' }, interval: '10ms' },
  { mode: 'arrow', name: 'back', src: { end: 'b' }, dst: { end: 'a' }, interval: '50ms' },
].map((policy) => ({ ...policy, transport: 'rdma-ud', timeout: TIMEOUT }));
const DELAYS = ['network_rtt', 'prober_delay', 'responder_delay'] as const;

const p50 = (rows: readonly ProbeRow[], field: DelayField): number => merged(rows, field).quantile(0.5);

describe('two hosts that probe each other over RDMA', { skip: labUnavailable() ?? false }, () => {
  const lab = new SharedLab({ hosts: 2 });
  let prober: LabAgent;
  let reflector: LabAgent;
  let qpn: number;

  before(async () => {
    const [a, b] = lab.guests;
    await Promise.all([a, b].map(prepareNetemOnMessages));
    const controller = { heartbeat: '2s', refresh: '2s', policies: POLICIES };
    [prober, reflector] = await Promise.all([
      LabAgent.start(a, { controllerOn: a, controller, labels: { end: 'a' } }),
      LabAgent.start(b, { controllerOn: a, labels: { end: 'b' } }),
    ]);
    [qpn] = await Promise.all([reflector.qpn(), prober.measures(b.name), reflector.measures(a.name)]);
  });

  const withPrometheus = { skip: hasPrometheus() ? false : 'prometheus is not installed' };
  it('are found by the controller, and their delays by Prometheus', withPrometheus, async (t) => {
    const [a, b] = lab.guests;
    const headers = { authorization: `Bearer ${READER_TOKEN}` };
    const { agents } = (await (await a.fetch(CONTROLLER_PORT, '/v1/agents', { headers })).json()) as {
      readonly agents: readonly { readonly id: string; readonly endpoints: readonly object[] }[];
    };
    const qpns = [await prober.qpn(), qpn];
    assert.deepEqual(
      agents.map(({ id, endpoints }) => ({ id, endpoints })),
      [a, b].map(({ name: id, address, rdmaDevice: device }, i) => {
        const attributes = { device, gid: `::ffff:${address}`, lid: 0, qpn: qpns[i] };
        return { id, endpoints: [{ transport: 'rdma-ud', address, port: 0, attributes }] };
      }),
    );

    const targets = await Promise.all([a, b].map(async (guest) => `127.0.0.1:${await guest.forward(METRICS_PORT)}`));
    const scrape = { static_configs: [{ targets }], scrape_timeout: '2s', scrape_interval: '2s' };
    const prometheus = await PrometheusServer.start(t, targets[0] ?? '', scrape);
    for (const [src, dst] of [
      [a.name, b.name],
      [b.name, a.name],
    ]) {
      const tags = `transport="rdma-ud",src="${src}",dst="${dst}"`;
      await prometheus.queryUntil(`weft_probes_total{${tags},result="success"}`, ([one]) => (one?.value ?? 0) > 0);
      for (const delay of DELAYS) {
        const name = `weft_probe_${delay}_seconds`;
        const [found] = await prometheus.queryUntil(
          `histogram_count(${name}{${tags}})`,
          ([one]) => (one?.value ?? 0) > 0,
        );
        assert.equal(found?.metric.clock, 'user', name);
        const [sum] = await prometheus.query(`histogram_sum(${name}{${tags}})`);
        assert.ok((sum?.value ?? -1) >= 0 && (delay === 'prober_delay' || (sum?.value ?? 0) > 0), name);
      }
    }
  });

  it('are pinged by hand: the three delays of each probe', async () => {
    const [a, b] = lab.guests;
    await a.write('/run/reader', READER_TOKEN);
    const url = `http://${a.address}:${CONTROLLER_PORT}`;
    const often = `-n 20 -i 100ms -w ${TIMEOUT}`;
    const limit = { timeoutMs: 240_000 };
    const [text, json] = await Promise.all([
      a.exec(`bin/weft ping rdma-ud ${b.name} --controller ${url} --token-file /run/reader ${often}`, limit),
      b.exec(`bin/weft ping rdma-ud ${a.address} --qpn ${await prober.qpn()} ${often} --json`, limit),
    ]);
    const [title, columns, ...rest] = text
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/ +/));
    assert.deepEqual(title?.slice(0, 4), ['weft', 'ping', 'rdma-ud', b.name]);
    assert.deepEqual(columns?.slice(-4), [...DELAYS, 'clock']);
    const probes = rest.slice(0, 20);
    assert.ok(
      probes.every((cells) => cells.at(-1) === 'user'),
      text,
    );
    const isMeasured = (cells: readonly string[]): boolean =>
      cells.slice(2, 5).every((cell) => /^[\d.]+[nµm]?s$/.test(cell));
    assert.ok(probes.some(isMeasured), text);
    assert.match(text, /^20 sent, 20 answered, 0 lost \(0% loss\)$/m);
    assert.match(text, /^network RTT +min\/p50\/p99\/max = (\S+[nµm]?s\/){3}\S+s$/m);

    const replies = json
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    const { summary } = replies.pop();
    assert.deepEqual([summary.sent, summary.success, summary.loss], [20, 20, 0]);
    // Null where an end stood still.
    const measured = replies.filter(({ network_rtt }) => network_rtt !== null);
    assert.ok(measured.length > 0, json);
    for (const { result, clock, network_rtt, prober_delay, responder_delay, program_rtt } of measured) {
      assert.deepEqual([result, clock], ['success', 'user']);
      assert.equal(network_rtt + prober_delay + responder_delay, program_rtt);
    }
  });

  it('lose probes: each that netem drops is a timeout, and no other', async (t) => {
    const sinceMs = await prober.now();
    await netemOnMessages(prober.guest, { probesTo: qpn }, 'loss 10%');
    await prober.windows(6);
    const { sent, dropped } = await endNetemOnMessages(prober.guest);
    const lost = total(await prober.settledSince(sinceMs), 'timeout');
    t.diagnostic(`${lost} of ${sent + dropped} probes lost, ${dropped} dropped`);
    assert.equal(lost, dropped);
    const { low, high } = interval(0.1, sent + dropped, Z_9999);
    const share = lost / (sent + dropped);
    assert.ok(low <= share && share <= high, `${low} <= ${share} <= ${high}`);
  });

  it('lose first answers: timeouts as well', async (t) => {
    const sinceMs = await prober.now();
    await netemOnMessages(reflector.guest, { ack: 1 }, 'loss 10%');
    await prober.windows(4);
    const { sent, dropped } = await endNetemOnMessages(reflector.guest);
    const lost = total(await prober.settledSince(sinceMs), 'timeout');
    t.diagnostic(`${lost} of ${sent + dropped} probes lost, ${dropped} first answers dropped`);
    assert.ok(dropped > 0);
    assert.equal(lost, dropped);
  });

  it('are told all by the first answer: without completion stamps there is no second one', async () => {
    await netemOnMessages(reflector.guest, { ack: 2 }, 'loss 100%');
    const rows = await prober.windows(2);
    assert.equal((await endNetemOnMessages(reflector.guest)).dropped, 0);
    assert.ok(total(rows, 'success') > 0);
    assert.equal(total(rows, 'timeout') + total(rows, 'invalid'), 0);
    assert.ok(rows.some(hasLatency));
  });

  it('are further apart by 5 ms: that is the network’s', async (t) => {
    const delayMs = 5;
    const near = await prober.windows(2);
    await netemOnMessages(prober.guest, { probesTo: qpn }, `delay ${delayMs}ms`);
    const far = await prober.windows(3);
    await endNetemOnMessages(prober.guest);
    near.push(...(await prober.windows(2)));
    const shiftMs = (field: DelayField): number => (p50(far, field) - p50(near, field)) / NS_PER_MS;
    // The machine's other work widens the undelayed figures; nothing is delayed by less than netem's delay.
    const rtt = merged(near, 'network_rtt');
    const spreadMs = (rtt.quantile(0.9) - rtt.quantile(0.1)) / NS_PER_MS;
    t.diagnostic(`${JSON.stringify(Object.fromEntries(DELAYS.map((f) => [f, shiftMs(f)])))} ms, spread ${spreadMs} ms`);
    assert.ok(merged(far, 'network_rtt').minNs >= delayMs * NS_PER_MS);
    assert.ok(Math.abs(shiftMs('network_rtt') - delayMs) < Math.max(spreadMs, delayMs / 5));
    for (const field of ['prober_delay', 'responder_delay'] as const) assert.ok(Math.abs(shiftMs(field)) < delayMs / 5);
  });

  it('stand still: that is the host’s, never the network’s', async (t) => {
    const stopS = 0.6;
    const sinceMs = await prober.now();
    reflector.process.kill('SIGSTOP');
    await reflector.guest.exec(`sleep ${stopS}`);
    reflector.process.kill('SIGCONT');
    const rows = await prober.settledSince(sinceMs);
    const maxMs = (field: DelayField): number => merged(rows, field).maxNs / NS_PER_MS;
    t.diagnostic(
      `stopped for ${stopS} s: network ${maxMs('network_rtt')} ms, responder ${maxMs('responder_delay')} ms`,
    );
    assert.equal(total(rows, 'invalid'), 0);
    assert.ok(maxMs('responder_delay') > (stopS * 1000) / 2);
    assert.ok(maxMs('network_rtt') < (stopS * 1000) / 2);
  });
});
