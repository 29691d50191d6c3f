/** The TCP prober of real agents between two hosts (network namespaces), judged by nftables, which drops what it is told to. */

import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { describe, it } from 'node:test';
import { interval, Z_95, Z_9999 } from '../support/binomial.js';
import { netnsUnavailable } from '../support/netns.js';
import { dropArriving, rejectArriving, stopDropping } from '../support/nftables.js';
import { hasLatency, merged, type ProbeRow, total } from '../support/probe-rows.js';
import type { TestAgent } from './agent.js';
import { TwoHosts } from './two-hosts.js';

const PORT = 8620;
const PATHS = 16;
const DROP_RATE = 0.01;
/** Kernels before 6.5 double the time between two SYNs from the first on: five would take half a minute. */
const MAX_LOST_SYNS = existsSync('/proc/sys/net/ipv4/tcp_syn_linear_timeouts') ? 5 : 2;

const targetOf = (address: string, options: object): object => ({
  transport: 'tcp',
  dst: address,
  address,
  port: PORT,
  interval: '10ms',
  timeout: '100ms',
  ...options,
});

describe('TCP probes between two namespaces', { skip: netnsUnavailable() ?? false }, () => {
  const hosts = new TwoHosts();

  const startReflector = (listen = `0.0.0.0:${PORT}`): Promise<TestAgent> =>
    hosts.start({ hostname: 'reflector', tcp: { listen, rate_limit: 0 } }, hosts.reflector);
  const startProber = (targets: readonly object[], tcp: object = {}): Promise<TestAgent> =>
    hosts.start(
      { hostname: 'prober', targets, tcp: { listen: `${hosts.prober.address4}:${PORT}`, ...tcp } },
      hosts.prober,
    );

  it('counts lost SYNs exactly, and leaves those probes out of the round trip', async (t) => {
    const numbers = Array.from({ length: MAX_LOST_SYNS }, (_, i) => i + 1);
    const portOf = (lost: number): number => PORT + lost;
    await hosts.start(
      { hostname: 'reflector', tcp: { listen: numbers.map((n) => `0.0.0.0:${portOf(n)}`) } },
      hosts.reflector,
    );
    dropArriving(hosts.reflector, ...numbers.map((n) => ({ transport: 'tcp' as const, port: portOf(n), first: n })));
    const agent = await startProber(
      numbers.map((n) =>
        targetOf(hosts.reflector.address4, { dst: `lost-${n}`, port: portOf(n), interval: '7s', timeout: '30s' }),
      ),
    );
    const of = (rows: readonly ProbeRow[], n: number) => rows.filter(({ tags }) => tags.dst === `lost-${n}`);
    // The probe that loses SYNs, and one after it that does not.
    const rows = await agent.until((all) => numbers.every((n) => total(of(all, n), 'success') >= 2));
    stopDropping(hosts.reflector);
    for (const n of numbers) {
      const [first, ...later] = of(rows, n);
      t.diagnostic(`${n} SYNs dropped: ${JSON.stringify(first!.fields.connect_time?.min)} ns to connect`);
      const { sent, success, timeout, syn_retransmits, retransmitted, network_rtt, connect_time } = first!.fields;
      assert.deepEqual([sent, success, timeout, syn_retransmits, retransmitted], [1, 1, 0, n, 1]);
      assert.equal(network_rtt, undefined, 'no round trip after a lost SYN');
      assert.equal(connect_time!.count, 1);
      assert.ok(connect_time!.min >= n * 1e9, 'the program waited a second for each');
      assert.equal(total(later, 'syn_retransmits'), 0);
      assert.equal(merged(later, 'network_rtt').count, total(later, 'success'));
    }
  });

  it('shows a black hole of one source port in sixteen, by path and as a sixteenth of loss', async (t) => {
    await startReflector();
    const agent = await startProber([targetOf(hosts.reflector.address4, { paths: PATHS })], { per_path: true });
    const isPath = (path: number) => (row: ProbeRow) => row.tags.path === String(path);
    const healthy = await agent.until((rows) => rows.filter(isPath(PATHS - 1)).length > 0);
    const portOf = (path: number): number => healthy.find(isPath(path))!.fields.source_port!;
    assert.equal(new Set(Array.from({ length: PATHS }, (_, path) => portOf(path))).size, PATHS);

    dropArriving(hosts.reflector, { transport: 'tcp', port: PORT, sourcePort: portOf(5) });
    const rows = (await agent.windows(6)).flat();
    stopDropping(hosts.reflector);
    const [lost, sent] = [total(rows, 'timeout'), total(rows, 'sent')];
    t.diagnostic(`loss ${lost}/${sent} = ${lost / sent}, 1/${PATHS} = ${1 / PATHS}`);
    assert.equal(total(rows.filter(isPath(5)), 'timeout'), lost, 'all that is lost is lost on one path');
    assert.equal(total(rows.filter(isPath(5)), 'success'), 0, 'where nothing comes through');
    // Paths take turns: no more than one probe a window and edge is out of step.
    assert.ok(Math.abs(lost * PATHS - sent) <= 2 * PATHS, `${lost} of ${sent} lost`);
    assert.ok(!rows.filter(isPath(5)).some(hasLatency));
  });

  it('reports a drop rate of one in a hundred, packet for packet', async (t) => {
    await startReflector();
    dropArriving(hosts.reflector, { transport: 'tcp', port: PORT, share: DROP_RATE });
    const agent = await startProber(hosts.addresses.map((address) => targetOf(address, { timeout: '5s' })));
    await agent.windows(8);
    const { seen, dropped } = stopDropping(hosts.reflector);
    // Until the last of the dropped SYNs was sent again and answered.
    const rows = await agent.until((all) => total(all, 'syn_retransmits') >= dropped && windowsSince(all) > 3);
    const probes = total(rows, 'success') - total(rows, 'refused');
    const rate = total(rows, 'retransmitted') / seen;
    const within95 = interval(DROP_RATE, seen, Z_95);
    t.diagnostic(
      `drop rate ${rate}, 95 %: ${within95.low} … ${within95.high}; nft: ${dropped}/${seen}; ${probes} probes`,
    );
    const { low, high } = interval(DROP_RATE, seen, Z_9999);
    assert.ok(seen >= 5000 && rate > low && rate < high, `${rate}, not ${DROP_RATE}`);
    assert.deepEqual([total(rows, 'syn_retransmits'), total(rows, 'timeout')], [dropped, 0]);
    assert.equal(merged(rows, 'network_rtt').count, probes - total(rows, 'retransmitted'));
  });

  it('tells refused, unreachable, unroutable and silent apart', async () => {
    const answering = await startReflector();
    const agent = await startProber([targetOf(hosts.reflector.address4, {})]);
    const next = async (): Promise<ProbeRow[]> => (await agent.windows(1)).flat();
    assert.ok(total(await next(), 'success') > 50);
    const ended = ['success', 'refused', 'timeout', 'unreachable', 'send_error'] as const;
    const shareOf = (rows: readonly ProbeRow[]) => ended.filter((field) => total(rows, field) > 0);

    for (const type of ['host-unreachable', 'admin-prohibited'] as const) {
      rejectArriving(hosts.reflector, PORT, type);
      const rows = await next();
      assert.deepEqual(shareOf(rows), ['timeout', 'unreachable']);
      assert.equal(total(rows, 'timeout'), total(rows, 'unreachable'));
      assert.equal(rows[0]!.fields.unreachable_cause, 'EHOSTUNREACH');
      assert.ok(!rows.some(hasLatency));
    }
    dropArriving(hosts.reflector, { transport: 'tcp', port: PORT });
    assert.deepEqual(shareOf(await next()), ['timeout']);
    stopDropping(hosts.reflector);

    await answering.stop();
    const refused = await next();
    assert.deepEqual(shareOf(refused), ['success', 'refused']);
    assert.equal(total(refused, 'success'), total(refused, 'refused'));
    assert.equal(merged(refused, 'connect_time').count, total(refused, 'refused'));
    assert.equal(merged(refused, 'network_rtt').count, 0);

    hosts.prober.exec('ip', ['route', 'del', '192.0.2.0/24']);
    assert.deepEqual(shareOf(await next()), ['send_error']);
    hosts.prober.exec('ip', ['route', 'add', '192.0.2.0/24', 'dev', hosts.prober.device]);
  });

  it('finds loss that depends on length by the payload', async () => {
    await startReflector();
    dropArriving(hosts.reflector, { transport: 'tcp', port: PORT, longerThan: 1000 });
    const agent = await startProber([
      targetOf(hosts.reflector.address4, { dst: 'short' }),
      targetOf(hosts.reflector.address4, { dst: 'long', payload_bytes: 1200 }),
    ]);
    const rows = (await agent.windows(3)).flat();
    stopDropping(hosts.reflector);
    const of = (dst: string): ProbeRow[] => rows.filter(({ tags }) => tags.dst === dst);
    assert.equal(total(rows, 'timeout'), 0, 'SYNs are short');
    assert.equal(total(of('short'), 'payload_timeout'), 0);
    assert.equal(total(of('long'), 'payload_timeout'), total(of('long'), 'success'));
    assert.equal(merged(of('long'), 'payload_rtt').count, 0);
  });

  it('probes over IPv6', async () => {
    await startReflector(`[::]:${PORT}`);
    const agent = await startProber([targetOf(hosts.reflector.address6, { payload_bytes: 800 })]);
    const rows = (await agent.windows(2)).flat();
    assert.ok(total(rows, 'success') > 100);
    assert.equal(total(rows, 'timeout') + total(rows, 'send_error') + total(rows, 'invalid'), 0);
    assert.equal(merged(rows, 'payload_rtt').count, total(rows, 'success'));
    for (const row of rows) assert.equal(row.tags.clock, 'kernel');
  });
});

/** How many windows have passed since the last in which a SYN was sent again. */
function windowsSince(rows: readonly ProbeRow[]): number {
  const times = [...new Set(rows.map(({ time }) => time))].sort();
  const last = rows.findLast(({ fields }) => (fields.syn_retransmits ?? 0) > 0)?.time ?? '';
  return times.filter((time) => time > last).length;
}
