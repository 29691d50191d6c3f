/** Faults that a reflector shows on purpose: what a prober at the other end reads of them. */

import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import {
  createTcpProber,
  createTcpReflector,
  createUdpProber,
  createUdpReflector,
  type EngineHandle,
  type EngineTarget,
  port,
  setTargets,
  stats,
  type UdpReflectorFaults,
} from '../../native/index.js';
import { interval, Z_9999 } from '../support/binomial.js';
import { engineTarget, proberOptions, reflectorOptions, tcpReflectorOptions } from '../support/engine.js';
import { type ProbeRecord, type Pump, startPump } from '../support/engine-pump.js';

/** Longer than a busy machine takes for a probe, now and then at least. */
const DELAY_MS = 200;
const DELAY_NS = DELAY_MS * 1e6;
const NO_FAULTS: UdpReflectorFaults = { loss: 0, networkDelayMs: 0, responderDelayMs: 0 };
const SHARE = 0.3;
const DRAWS = 800;

function pumped(t: TestContext, engine: EngineHandle): Pump {
  const pump = startPump(engine);
  t.after(() => pump.stop());
  return pump;
}

function udpEnds(t: TestContext, faults: Partial<UdpReflectorFaults>, target: Partial<EngineTarget> = {}) {
  const reflector = createUdpReflector(reflectorOptions({ faults: { ...NO_FAULTS, ...faults } }));
  pumped(t, reflector);
  const prober = createUdpProber(proberOptions());
  setTargets(prober, [engineTarget(port(reflector), target)]);
  return { prober, reflector, pump: pumped(t, prober) };
}

const answered = (n: number) => (records: readonly ProbeRecord[]) =>
  records.filter(({ result }) => result === 'success').length >= n;

function least(records: readonly ProbeRecord[], figure: (record: ProbeRecord) => number): number {
  return Math.min(...records.map(figure));
}

/** The first `DRAWS` probes, of which `SHARE` are lost, give or take chance. */
function assertShareLost(records: readonly ProbeRecord[]): void {
  const first = records.slice(0, DRAWS);
  const lost = first.filter(({ result }) => result === 'timeout').length / first.length;
  const { low, high } = interval(SHARE, first.length, Z_9999);
  assert.ok(lost >= low && lost <= high, `${lost} of ${first.length} is lost, not ${SHARE}`);
}

describe('the UDP reflector', () => {
  test('a delay of the network is in the network round trip, and in nothing else', async (t) => {
    const { pump } = udpEnds(t, { networkDelayMs: DELAY_MS });
    const records = await pump.until(answered(20));
    assert.ok(least(records, ({ networkRttNs }) => networkRttNs) >= DELAY_NS);
    assert.ok(least(records, ({ responderDelayNs }) => responderDelayNs) < DELAY_NS);
    assert.ok(least(records, ({ proberDelayNs }) => proberDelayNs) < DELAY_NS);
    assert.deepEqual([...new Set(records.map(({ t4 }) => t4))], ['follow-up']);
  });

  test('a delay of the responder is in its delay, and in nothing else', async (t) => {
    const { pump } = udpEnds(t, { responderDelayMs: DELAY_MS });
    const records = await pump.until(answered(20));
    assert.ok(least(records, ({ responderDelayNs }) => responderDelayNs) >= DELAY_NS);
    assert.ok(least(records, ({ networkRttNs }) => networkRttNs) < DELAY_NS);
  });

  test('without the kernel’s stamps, too', async (t) => {
    const faults = { ...NO_FAULTS, networkDelayMs: DELAY_MS };
    const reflector = createUdpReflector(reflectorOptions({ timestamps: 'user', faults }));
    pumped(t, reflector);
    const prober = createUdpProber(proberOptions({ timestamps: 'user' }));
    setTargets(prober, [engineTarget(port(reflector))]);
    const records = await pumped(t, prober).until(answered(20));
    assert.ok(least(records, ({ networkRttNs }) => networkRttNs) >= DELAY_NS);
    assert.ok(least(records, ({ responderDelayNs }) => responderDelayNs) < DELAY_NS);
  });

  test('loses the share that is asked for, before its socket', async (t) => {
    const { pump, reflector } = udpEnds(t, { loss: SHARE }, { intervalUs: 1000, timeoutUs: 1_000_000 });
    const records = await pump.until(({ length }) => length >= DRAWS * 2.5);
    // A lost probe ends later than those that are answered: by sequence the first ones are all decided.
    const first = records[0]?.sequence ?? 0;
    const since = ({ sequence }: ProbeRecord): number => (sequence - first) >>> 0;
    assertShareLost(records.filter((record) => since(record) < DRAWS));
    const { received = 0, refused_over_limit } = stats(reflector);
    assert.ok(received < records.length);
    assert.equal(refused_over_limit, 0);
  });
});

describe('the TCP reflector', () => {
  test('loses SYNs, and nothing of the connections that are made', async (t) => {
    const reflector = createTcpReflector(tcpReflectorOptions({ faults: { loss: SHARE } }));
    pumped(t, reflector);
    const prober = createTcpProber({ sourceAddress4: '', sourceAddress6: '', maxConnections: 4000 });
    // No SYN is sent again before a second has passed.
    const times = { intervalUs: 2000, timeoutUs: 400_000 };
    setTargets(prober, [engineTarget(port(reflector), { ...times, payloadBytes: 1000, ttl: 64 })]);
    const records = await pumped(t, prober).until(({ length }) => length >= DRAWS * 1.5);
    const first = Math.min(...records.map(({ sequence }) => sequence));
    assertShareLost(records.filter(({ sequence }) => sequence - first < DRAWS));
    const connected = records.filter(({ result, synRetransmits }) => result === 'success' && synRetransmits === 0);
    assert.deepEqual([...new Set(connected.map(({ exchange }) => exchange))], ['success']);
  });
});
