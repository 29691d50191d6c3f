/** Real agents on two hosts (network namespaces), judged by packet captures, nftables counters and the routing table. */

import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import { networkRttsNs, startCapture } from '../support/capture.js';
import { addAddresses, createNet, type Host, type Net, netnsUnavailable } from '../support/netns.js';
import { dropArriving, dropCounts, stopDropping } from '../support/nftables.js';
import { hasLatency, merged, TestAgent, total } from './agent.js';
import { interval, Z_95, Z_9999 } from './binomial.js';

const PORT = 862;
/** The judge's tolerance: median within 2 µs or 10 %. */
const MAX_MEDIAN_ERROR_NS = 2000;
const MAX_MEDIAN_ERROR = 0.1;
const LOST_SHARE = 0.2;

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >>> 1]!;

describe('agents in two namespaces', { skip: netnsUnavailable() ?? false }, () => {
  let net: Net;
  let prober: Host;
  let reflector: Host;
  let addresses: readonly string[];
  const agents: TestAgent[] = [];

  before(() => {
    net = createNet();
    [prober, reflector] = net.hosts;
    addresses = addAddresses(reflector, 10);
  });
  after(() => net.close());
  afterEach(async () => {
    await Promise.all(agents.splice(0).map((agent) => agent.stop()));
  });

  const target = (address: string): object => ({
    transport: 'udp',
    dst: address,
    address,
    port: PORT,
    interval: '10ms',
    timeout: '200ms',
  });

  async function start(plan: Parameters<typeof TestAgent.start>[0], host: Host): Promise<TestAgent> {
    const agent = await TestAgent.start(plan, host);
    agents.push(agent);
    return agent;
  }

  const startReflector = (listen: string): Promise<TestAgent> =>
    start({ hostname: 'reflector', udp: { listen, rate_limit: 0 } }, reflector);
  const startProber = (targets: readonly object[]): Promise<TestAgent> =>
    start({ hostname: 'prober', targets, udp: { listen: `${prober.address4}:${PORT}` } }, prober);

  it('measures the network round trip that a packet capture of the same packets shows', async (t) => {
    await startReflector(`0.0.0.0:${PORT}`);
    const agent = await startProber([target(reflector.address4)]);
    const captures = await Promise.all([prober, reflector].map((host) => startCapture(host, PORT)));
    const rows = (await agent.windows(8)).flat();
    const [atProber, atReflector] = await Promise.all(captures.map((capture) => capture.stop()));
    const captured = networkRttsNs(atProber!, atReflector!, PORT);
    const measured = merged(rows, 'network_rtt');
    assert.ok(captured.length > 500 && measured.count > 500, `${captured.length} captured, ${measured.count} measured`);
    for (const row of rows) assert.equal(row.tags.clock, 'kernel');
    const [seen, said] = [median(captured), measured.quantile(0.5)];
    t.diagnostic(`median network round trip: capture ${seen} ns, weft ${Math.round(said)} ns`);
    const tolerance = Math.max(MAX_MEDIAN_ERROR_NS, seen * MAX_MEDIAN_ERROR);
    assert.ok(Math.abs(said - seen) <= tolerance, `weft says ${said} ns, the capture ${seen} ns`);
  });

  it('reports the loss that nftables makes', async (t) => {
    dropArriving(reflector, { port: PORT, share: LOST_SHARE });
    await startReflector(`0.0.0.0:${PORT}`);
    const agent = await startProber(addresses.map(target));
    const rows = (await agent.windows(8)).flat();
    const { seen, dropped } = dropCounts(reflector);
    stopDropping(reflector);
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
    dropArriving(reflector, { port: PORT, first: 37 });
    const agent = await startProber([target(reflector.address4)]);
    const rows = await agent.until((all) => total(all, 'success') > 0 && total(all.slice(-1), 'timeout') === 0);
    assert.equal(total(rows, 'timeout'), 37);
    assert.equal(dropCounts(reflector).dropped, 37);
    stopDropping(reflector);
  });

  it('calls a missing route send_error and a dead reflector timeout, and gives neither a latency', async () => {
    const answering = await startReflector(`0.0.0.0:${PORT}`);
    const agent = await startProber([target(reflector.address4)]);
    await agent.until((rows) => total(rows, 'success') > 0);

    prober.exec('ip', ['route', 'del', '192.0.2.0/24']);
    const unroutable = (await agent.windows(2)).flat();
    assert.ok(total(unroutable, 'send_error') > 100);
    assert.equal(total(unroutable, 'timeout') + total(unroutable, 'success'), 0);
    assert.ok(!unroutable.some(hasLatency));

    prober.exec('ip', ['route', 'add', '192.0.2.0/24', 'dev', prober.device]);
    assert.ok(total((await agent.windows(1)).flat(), 'success') > 50, 'recovers by itself');

    await answering.kill();
    const dead = (await agent.windows(2)).flat();
    assert.ok(total(dead, 'timeout') > 100);
    assert.equal(total(dead, 'send_error') + total(dead, 'success'), 0);
    assert.ok(!dead.some(hasLatency));
  });

  it('probes over IPv6', async () => {
    await startReflector(`[::]:${PORT}`);
    const agent = await startProber([target(reflector.address6)]);
    const rows = (await agent.windows(2)).flat();
    assert.ok(total(rows, 'success') > 100);
    assert.equal(total(rows, 'timeout') + total(rows, 'send_error') + total(rows, 'invalid'), 0);
    assert.equal(merged(rows, 'network_rtt').count, total(rows, 'success'));
    for (const row of rows) assert.equal(row.tags.clock, 'kernel');
  });
});
