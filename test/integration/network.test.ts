/** Real agents on two hosts (network namespaces), judged by packet captures, nftables counters and the routing table. */

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { interval, Z_95, Z_9999 } from '../support/binomial.js';
import { type Bounds, type CapturedProbe, capturedProbes, startCapture } from '../support/capture.js';
import { netnsUnavailable } from '../support/netns.js';
import { dropArriving, stopDropping } from '../support/nftables.js';
import { type DelayField, hasLatency, merged, type ProbeRow, total } from '../support/probe-rows.js';
import type { TestAgent } from './agent.js';
import { TwoHosts } from './two-hosts.js';

const PORT = 862;
/** Of a window's length and of its probes: `TestAgent` has windows of a second. */
const WINDOW_NS = 1_000_000_000n;
/** Half a bucket of a distribution. */
const RESOLUTION = 0.011;
const LOST_SHARE = 0.2;

/** Those that were sent in the windows of the rows. */
function sentIn(rows: readonly ProbeRow[], probes: readonly CapturedProbe[]): CapturedProbe[] {
  const ends = new Set(rows.map(({ time }) => BigInt(Date.parse(time)) * 1_000_000n));
  return probes.filter(({ sentNs }) => ends.has((sentNs / WINDOW_NS + 1n) * WINDOW_NS));
}

/** Each value lies within its bounds, so each quantile lies within that of the bounds. */
function assertWithin(rows: readonly ProbeRow[], field: DelayField, bounds: readonly Bounds[]): string[] {
  const measured = merged(rows, field);
  // A probe at the edge of a window may be in one set only.
  const missed = Math.abs(measured.count - bounds.length);
  assert.ok(missed <= 0.02 * bounds.length, `${field}: ${bounds.length} captured, ${measured.count} measured`);
  const [lows, highs] = (['low', 'high'] as const).map((end) => bounds.map((of) => of[end]).sort((a, b) => a - b));
  return [0.1, 0.5, 0.9].map((q) => {
    const rank = Math.ceil(q * bounds.length) - 1;
    const low = lows![Math.max(0, rank - missed - 1)]!;
    const high = highs![Math.min(bounds.length - 1, rank + missed + 1)]!;
    const said = measured.quantile(q);
    const figures = `${field} p${q * 100}: weft ${Math.round(said)} ns, captures ${low} … ${high} ns`;
    assert.ok(said >= low * (1 - RESOLUTION) && said <= high * (1 + RESOLUTION), figures);
    return figures;
  });
}

describe('agents in two namespaces', { skip: netnsUnavailable() ?? false }, () => {
  const hosts = new TwoHosts();

  const target = (address: string): object => ({
    transport: 'udp',
    dst: address,
    address,
    port: PORT,
    interval: '10ms',
    timeout: '200ms',
  });

  const startReflector = (listen: string): Promise<TestAgent> =>
    hosts.start({ hostname: 'reflector', udp: { listen, rate_limit: 0 } }, hosts.reflector);
  const startProber = (targets: readonly object[]): Promise<TestAgent> =>
    hosts.start({ hostname: 'prober', targets, udp: { listen: `${hosts.prober.address4}:${PORT}` } }, hosts.prober);

  it('measures the delays that packet captures of the same packets show', async (t) => {
    await startReflector(`0.0.0.0:${PORT}`);
    const agent = await startProber([target(hosts.reflector.address4)]);
    const captures = await Promise.all([hosts.prober, hosts.reflector].map((host) => startCapture(host, PORT)));
    const rows = (await agent.windows(8)).flat();
    const [atProber, atReflector] = await Promise.all(captures.map((capture) => capture.stop()));
    const probes = sentIn(rows, capturedProbes(atProber!, atReflector!, PORT));
    assert.ok(probes.length > 500, `${probes.length} probes captured`);
    for (const row of rows) assert.equal(row.tags.clock, 'kernel');
    const delays = [
      ['network_rtt', probes.map(({ networkRtt }) => networkRtt)],
      ['responder_delay', probes.map(({ responderDelay }) => responderDelay)],
    ] as const;
    for (const [field, bounds] of delays) for (const line of assertWithin(rows, field, bounds)) t.diagnostic(line);
  });

  it('reports the loss that nftables makes', async (t) => {
    dropArriving(hosts.reflector, { port: PORT, share: LOST_SHARE });
    await startReflector(`0.0.0.0:${PORT}`);
    const agent = await startProber(hosts.addresses.map(target));
    const rows = (await agent.windows(8)).flat();
    const { seen, dropped } = stopDropping(hosts.reflector);
    const lost = total(rows, 'timeout');
    const ended = total(rows, 'success') + lost + total(rows, 'invalid');
    const within95 = interval(LOST_SHARE, ended, Z_95);
    t.diagnostic(
      `loss ${lost}/${ended} = ${lost / ended}, 95 %: ${within95.low} … ${within95.high}; nft: ${dropped}/${seen}`,
    );
    const { low, high } = interval(LOST_SHARE, ended, Z_9999);
    assert.ok(ended >= 5000, `${ended} probes`);
    assert.ok(lost / ended > low && lost / ended < high, `${lost} of ${ended} lost, not ${LOST_SHARE}`);
    assert.equal(merged(rows, 'network_rtt').count, total(rows, 'success'), 'a lost probe has no latency');
  });

  it('counts exactly the probes that nftables drops', async () => {
    await startReflector(`0.0.0.0:${PORT}`);
    dropArriving(hosts.reflector, { port: PORT, first: 37 });
    const agent = await startProber([target(hosts.reflector.address4)]);
    const rows = await agent.until((all) => total(all, 'success') > 0 && total(all.slice(-1), 'timeout') === 0);
    assert.equal(total(rows, 'timeout'), 37);
    assert.equal(stopDropping(hosts.reflector).dropped, 37);
  });

  it('calls a missing route send_error and a dead reflector timeout, and gives neither a latency', async () => {
    const answering = await startReflector(`0.0.0.0:${PORT}`);
    const agent = await startProber([target(hosts.reflector.address4)]);
    await agent.until((rows) => total(rows, 'success') > 0);

    hosts.prober.exec('ip', ['route', 'del', '192.0.2.0/24']);
    // What was under way is lost, and that is known a timeout later.
    await agent.windows(1);
    const unroutable = (await agent.windows(2)).flat();
    assert.ok(total(unroutable, 'send_error') > 100);
    assert.equal(total(unroutable, 'timeout') + total(unroutable, 'success'), 0);
    assert.ok(!unroutable.some(hasLatency));

    hosts.prober.exec('ip', ['route', 'add', '192.0.2.0/24', 'dev', hosts.prober.device]);
    assert.ok(total((await agent.windows(1)).flat(), 'success') > 50, 'recovers by itself');

    await answering.kill();
    const dead = (await agent.windows(2)).flat();
    assert.ok(total(dead, 'timeout') > 100);
    assert.equal(total(dead, 'send_error') + total(dead, 'success'), 0);
    assert.ok(!dead.some(hasLatency));
  });

  it('probes over IPv6', async () => {
    await startReflector(`[::]:${PORT}`);
    const agent = await startProber([target(hosts.reflector.address6)]);
    const rows = (await agent.windows(2)).flat();
    assert.ok(total(rows, 'success') > 100);
    assert.equal(total(rows, 'timeout') + total(rows, 'send_error') + total(rows, 'invalid'), 0);
    assert.equal(merged(rows, 'network_rtt').count, total(rows, 'success'));
    for (const row of rows) assert.equal(row.tags.clock, 'kernel');
  });
});
