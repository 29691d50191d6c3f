/** Prober and reflector against each other on loopback: what the records say. Foreign ends: test/integration. */

import assert from 'node:assert/strict';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { constants } from 'node:os';
import { describe, type TestContext, test } from 'node:test';
import {
  createUdpProber,
  createUdpReflector,
  type EngineHandle,
  type EngineTarget,
  port,
  setTargets,
  stats,
  type UdpProberOptions,
  type UdpReflectorOptions,
} from '../../native/index.js';
import { engineTarget, proberOptions, reflectorOptions } from '../support/engine.js';
import { type ProbeRecord, type Pump, startPump } from '../support/engine-pump.js';

const { EACCES, EADDRNOTAVAIL, EINVAL, EMSGSIZE } = constants.errno;
const KEY = Buffer.from('a key of the test');

interface Ends {
  readonly prober: EngineHandle;
  readonly reflector: EngineHandle;
  readonly pump: Pump;
}

function pumped(t: TestContext, engine: EngineHandle): Pump {
  const pump = startPump(engine);
  t.after(() => pump.stop());
  return pump;
}

function probing(t: TestContext, targets: readonly EngineTarget[], options: Partial<UdpProberOptions> = {}) {
  const prober = createUdpProber(proberOptions(options));
  setTargets(prober, targets);
  return { prober, pump: pumped(t, prober) };
}

/** A prober and the reflector that it probes. */
function bothEnds(
  t: TestContext,
  options: { prober?: Partial<UdpProberOptions>; reflector?: Partial<UdpReflectorOptions> } = {},
  target: Partial<EngineTarget> = {},
): Ends {
  const reflector = createUdpReflector(reflectorOptions(options.reflector));
  pumped(t, reflector);
  return { reflector, ...probing(t, [engineTarget(port(reflector), target)], options.prober) };
}

/** A socket that hears probes and answers what it is told to. */
async function listener(t: TestContext, heard: (packet: Buffer, from: RemoteInfo) => void): Promise<Socket> {
  const socket = createSocket('udp4', heard).bind(0, '127.0.0.1');
  await once(socket, 'listening');
  t.after(() => socket.close());
  return socket;
}

const count = (n: number, result: string) => (records: readonly ProbeRecord[]) =>
  records.filter((record) => record.result === result).length >= n;

function assertConsecutive(records: readonly ProbeRecord[]): void {
  records.slice(1).forEach(({ sequence }, i) => {
    assert.equal(sequence, (records[i]!.sequence + 1) >>> 0);
  });
}

describe('prober and reflector', () => {
  test('measure by the clock of the kernel, with the T4 of the follow-up', async (t) => {
    const { prober, reflector, pump } = bothEnds(t, {}, { id: 4_000_000_000 });
    const records = await pump.until(count(10, 'success'));
    for (const record of records) {
      assert.deepEqual(
        [record.targetId, record.path, record.result, record.clock, record.t4, record.errno],
        [4_000_000_000, 0, 'success', 'kernel', 'follow-up', 0],
      );
      assert.ok(record.networkRttNs > 0 && record.proberDelayNs > 0 && record.responderDelayNs > 0);
      const sum = record.networkRttNs + record.proberDelayNs + record.responderDelayNs;
      assert.ok(Math.abs(sum - record.programRttNs) <= 2, 'the three delays make up the round trip');
    }
    assertConsecutive(records);
    assert.ok(stats(prober).sent! >= 10 && stats(prober).success! >= 10);
    assert.equal(stats(prober).unstamped, 0);
    assert.ok(stats(reflector).answered! >= 10 && stats(reflector).follow_ups_sent! >= 10);
  });

  test('measure by the clock of the program when told to', async (t) => {
    const user = { timestamps: 'user' } as const;
    const records = await bothEnds(t, { prober: user, reflector: user }).pump.until(count(5, 'success'));
    for (const { clock, t4 } of records) assert.deepEqual([clock, t4], ['user', 'inline']);
  });

  test('call a record after its weakest clock', async (t) => {
    const user = { timestamps: 'user' } as const;
    const [probed] = await bothEnds(t, { prober: user }).pump.until(count(1, 'success'));
    assert.deepEqual([probed!.clock, probed!.t4], ['user', 'follow-up']);
    const [reflected] = await bothEnds(t, { reflector: user }).pump.until(count(1, 'success'));
    assert.deepEqual([reflected!.clock, reflected!.t4], ['user', 'inline']);
  });

  test('measure over IPv6', async (t) => {
    const ends = bothEnds(t, { reflector: { address: '::1' } }, { address: '::1' });
    const [record] = await ends.pump.until(count(5, 'success'));
    assert.deepEqual([record!.clock, record!.t4], ['kernel', 'follow-up']);
  });

  test('measure from the address they are told to', async (t) => {
    const options = { prober: { sourceAddress4: '127.9.8.7' }, reflector: { allowedPrefixes: ['127.9.8.7/32'] } };
    await bothEnds(t, options).pump.until(count(3, 'success'));
  });

  test('measure with the same key', async (t) => {
    const ends = bothEnds(t, { prober: { key: KEY }, reflector: { key: KEY } });
    for (const { t4 } of await ends.pump.until(count(5, 'success'))) assert.equal(t4, 'follow-up');
  });

  for (const [name, proberKey, reflectorKey, counter] of [
    ['with another key', Buffer.from('another'), KEY, 'refused_unauthenticated'],
    ['when one end has none', new Uint8Array(), KEY, 'refused_unauthenticated'],
    ['when the other has none', KEY, new Uint8Array(), 'refused_malformed'],
  ] as const) {
    test(`do not measure ${name}`, async (t) => {
      const options = { prober: { key: proberKey }, reflector: { key: reflectorKey } };
      const { reflector, pump } = bothEnds(t, options, { timeoutUs: 20_000 });
      const records = await pump.until(count(3, 'timeout'));
      assert.ok(records.every(({ result }) => result === 'timeout'));
      assert.equal(stats(reflector).answered, 0);
      assert.ok(stats(reflector)[counter]! >= 3);
    });
  }

  test('take no unsigned answer when there is a key', async (t) => {
    const socket = await listener(t, (_packet, from) => socket.send(Buffer.alloc(112), from.port, from.address));
    const target = engineTarget(socket.address().port, { timeoutUs: 20_000 });
    const { prober, pump } = probing(t, [target], { key: KEY });
    const records = await pump.until(count(3, 'timeout'));
    assert.ok(records.every(({ result }) => result === 'timeout'));
    assert.ok(stats(prober).unauthenticated! >= 3);
  });
});

describe('reflector', () => {
  test('answers as often as its limit allows, and counts the rest', async (t) => {
    const { reflector, pump } = bothEnds(t, { reflector: { rateLimit: 5 } }, { timeoutUs: 20_000 });
    await pump.until((records) => count(5, 'success')(records) && count(5, 'timeout')(records));
    assert.ok(stats(reflector).refused_over_limit! >= 5);
  });

  test('answers allowed prefixes only', async (t) => {
    const options = { reflector: { allowedPrefixes: ['10.0.0.0/8', '127.9.0.0/16'] } };
    const { reflector, pump } = bothEnds(t, options, { timeoutUs: 20_000 });
    await pump.until(count(3, 'timeout'));
    assert.ok(stats(reflector).refused_not_allowed! >= 3);
    assert.equal(stats(reflector).answered, 0);
  });

  test('does not answer a packet from a port that reflects', async (t) => {
    const { reflector, pump } = bothEnds(t);
    const twin = createSocket('udp4').bind(port(reflector), '127.0.0.2');
    t.after(() => twin.close());
    await once(twin, 'listening');
    let answers = 0;
    twin.on('message', () => {
      answers += 1;
    });
    twin.send(Buffer.alloc(44, 0x41), port(reflector), '127.0.0.1');
    // Probes behind it are answered in order.
    let atOnce = 0;
    await pump.until(({ length }) => {
      if (stats(reflector).refused_loop === 1) atOnce ||= length;
      return atOnce > 0 && length > atOnce;
    });
    assert.equal(answers, 0);
  });
});

describe('prober', () => {
  test('sends from as many ports as there are paths', async (t) => {
    const ports: number[] = [];
    const socket = await listener(t, (_packet, from) => ports.push(from.port));
    const { pump } = probing(t, [engineTarget(socket.address().port, { paths: 4, timeoutUs: 20_000 })]);
    const records = await pump.until(count(12, 'timeout'));
    const paths = records.map(({ path }) => path);
    assert.deepEqual(paths.slice(0, 8), [0, 1, 2, 3, 0, 1, 2, 3]);
    assert.equal(new Set(ports).size, 4);
    assert.deepEqual(ports.slice(4, 8), ports.slice(0, 4), 'a path keeps its port');
    for (const path of [0, 1, 2, 3]) assertConsecutive(records.filter((record) => record.path === path));
  });

  test('sends as many bytes as it is told to', async (t) => {
    for (const payloadBytes of [300, 1472, 60_000]) {
      const socket = await listener(t, () => {});
      probing(t, [engineTarget(socket.address().port, { payloadBytes })]);
      const [packet] = await once(socket, 'message');
      assert.equal(packet.length, payloadBytes);
    }
  });

  test('says of a probe without an answer that it timed out, and nothing else', async (t) => {
    const socket = await listener(t, () => {});
    const { pump } = probing(t, [engineTarget(socket.address().port, { timeoutUs: 20_000 })]);
    for (const record of await pump.until(count(3, 'timeout'))) {
      assert.deepEqual([record.result, record.t4, record.errno], ['timeout', 'none', 0]);
      assert.deepEqual([record.networkRttNs, record.programRttNs], [Number.NaN, Number.NaN]);
    }
  });

  test('counts a late answer once', async (t) => {
    const held: (() => void)[] = [];
    const socket = await listener(t, (packet, { port: to, address }) => {
      const answer = Buffer.alloc(44);
      packet.copy(answer, 0, 0, 16);
      packet.copy(answer, 16, 4, 12);
      packet.copy(answer, 24, 0, 4);
      held.push(() => socket.send(answer, to, address));
    });
    const { prober, pump } = probing(t, [engineTarget(socket.address().port, { timeoutUs: 20_000, plain: true })]);
    await pump.until(count(2, 'timeout'));
    for (const n of [0, 0, 0, 1]) held[n]!();
    const records = await pump.until(count(2, 'late'));
    const late = records.filter(({ result }) => result === 'late');
    assert.equal(new Set(late.map(({ sequence }) => sequence)).size, 2, 'that of the second probe came last');
    assert.equal(stats(prober).success, 0);
  });

  for (const [name, errno, target, options] of [
    ['the network refuses', EACCES, { address: '255.255.255.255' }, {}],
    ['is no address', EINVAL, { address: 'host.example' }, {}],
    ['is too large', EMSGSIZE, { payloadBytes: 65_508 }, {}],
    ['has a source that this host has not', EADDRNOTAVAIL, {}, { sourceAddress4: '192.0.2.1' }],
  ] as const) {
    test(`says why a probe that ${name} could not be sent`, async (t) => {
      const { prober, pump } = probing(t, [engineTarget(9, target)], options);
      for (const record of await pump.until(count(3, 'send_error'))) {
        assert.deepEqual([record.result, record.errno, record.networkRttNs], ['send_error', errno, Number.NaN]);
      }
      assert.equal(stats(prober).sent, 0);
    });
  }

  test('measures on beside a target that cannot be sent to', async (t) => {
    const reflector = createUdpReflector(reflectorOptions());
    pumped(t, reflector);
    const unreachable = [2, 3, 4].map((id) => engineTarget(9, { id, address: '255.255.255.255' }));
    const { pump } = probing(t, [engineTarget(port(reflector)), ...unreachable]);
    const records = await pump.until((all) => count(10, 'success')(all) && count(10, 'send_error')(all));
    const reached = records.filter(({ targetId }) => targetId === 1);
    assert.ok(reached.every(({ result, clock }) => result === 'success' && clock === 'kernel'));
  });

  test('keeps to intervals beyond 32 bits of microseconds', async (t) => {
    const reflector = createUdpReflector(reflectorOptions());
    pumped(t, reflector);
    const rare = engineTarget(port(reflector), { id: 2, intervalUs: 2 ** 32 + 10_000 });
    const { pump } = probing(t, [engineTarget(port(reflector)), rare]);
    const records = await pump.until(count(20, 'success'));
    assert.ok(records.filter(({ targetId }) => targetId === 2).length <= 1);
  });

  test('goes on with a target that stays on the list, and ends with one that leaves', async (t) => {
    const reflector = createUdpReflector(reflectorOptions());
    pumped(t, reflector);
    const target = (id: number): EngineTarget => engineTarget(port(reflector), { id });
    const { prober, pump } = probing(t, [target(1), target(2)]);
    const of = (id: number, records: readonly ProbeRecord[]) => records.filter(({ targetId }) => targetId === id);
    await pump.until((records) => of(1, records).length > 3 && of(2, records).length > 3);
    setTargets(prober, [target(3), target(1)]);
    const records = await pump.until((all) => of(3, all).length > 3);
    assertConsecutive(of(1, records));
    const before = of(2, records).length;
    const more = of(1, records).length + 5;
    assert.equal(of(2, await pump.until((all) => of(1, all).length >= more)).length, before);
    assert.equal(stats(prober).targets, 2);
    setTargets(prober, []);
    await pump.until(() => stats(prober).targets === 0 && stats(prober).outstanding === 0);
  });
});
