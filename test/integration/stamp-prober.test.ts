/** weft's prober against reflectors written after the RFCs alone (stamp-packets.ts, node:dgram). */

import assert from 'node:assert/strict';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, it } from 'node:test';
import { createUdpProber, type EngineTarget, setTargets } from '../../native/index.js';
import { type ProbeRecord, type Pump, startPump } from '../support/engine-pump.js';
import {
  type Answer,
  hmac,
  makeAnswer,
  makeTlv,
  NTP,
  type Probe,
  PTP,
  readProbe,
  readTlvs,
  type Tlv,
  UNRECOGNIZED,
  wireTime,
} from './stamp-packets.js';

const RESPONDER_DELAY_NS = 1234n;
const TTL = 64;
const KEY = Buffer.from('a key of the test');

const nowNs = (): bigint => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n;

type Reply = (packet: Buffer) => void;
type Behaviour = (probe: Probe, packet: Buffer, reply: Reply) => void;

/** A reflector on 127.0.0.1 that does what a test tells it. */
async function reflector(behaviour: Behaviour): Promise<Socket> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  socket.on('message', (packet: Buffer, { port, address }: RemoteInfo) =>
    behaviour(readProbe(packet), packet, (answer) => socket.send(answer, port, address)),
  );
  await once(socket, 'listening');
  return socket;
}

/** The fields of an answer that RFC 8762 asks of a reflector that keeps no state. */
function answerTo(probe: Probe, errorEstimate: number, changes: Partial<Answer> = {}): Answer {
  const t3Ns = nowNs();
  return {
    sequence: probe.sequence,
    timestamp: wireTime(t3Ns + RESPONDER_DELAY_NS, errorEstimate),
    errorEstimate,
    ssid: probe.ssid,
    receiveTimestamp: wireTime(t3Ns, errorEstimate),
    senderSequence: probe.sequence,
    senderTimestamp: probe.timestamp,
    senderErrorEstimate: probe.errorEstimate,
    senderTtl: TTL,
    ...changes,
  };
}

const several = (records: readonly ProbeRecord[]): boolean => records.length >= 5;
const has =
  (result: string) =>
  (records: readonly ProbeRecord[]): boolean =>
    records.some((record) => record.result === result);

describe('prober', () => {
  let pump: Pump | undefined;
  let socket: Socket | undefined;

  afterEach(async () => {
    await pump?.stop();
    socket?.close();
    pump = socket = undefined;
  });

  async function probing(
    behaviour: Behaviour,
    changes: Partial<EngineTarget> = {},
    key: Uint8Array = new Uint8Array(),
  ): Promise<Pump> {
    socket = await reflector(behaviour);
    const engine = createUdpProber({ sourceAddress4: '', sourceAddress6: '', timestamps: 'auto', key });
    const target = {
      id: 5,
      address: '127.0.0.1',
      port: socket.address().port,
      intervalUs: 10_000,
      timeoutUs: 5_000_000,
    };
    setTargets(engine, [{ ...target, paths: 1, payloadBytes: 44, dscp: 0, ttl: TTL, plain: false, ...changes }]);
    pump = startPump(engine);
    return pump;
  }

  for (const [format, errorEstimate] of [['NTP', NTP] as const, ['PTPv2', PTP] as const]) {
    it(`measures a reflector that knows RFC 8762 only: no SSID, no TLVs, ${format} format`, async () => {
      let count = 0;
      const behaviour: Behaviour = (probe, _packet, reply) => {
        // RFC 8762 4.3: a stateful reflector numbers its answers itself; MBZ stands where RFC 8972 has the SSID.
        reply(makeAnswer(answerTo(probe, errorEstimate, { sequence: count++, ssid: 0 })));
      };
      const records = await (await probing(behaviour)).until(several);
      for (const record of records) {
        assert.equal(record.result, 'success');
        assert.deepEqual([record.targetId, record.t4], [5, 'inline']);
        assert.ok(Math.abs(record.responderDelayNs - Number(RESPONDER_DELAY_NS)) <= 1, `${record.responderDelayNs}`);
        assert.ok(record.networkRttNs > 0);
        const sum = record.networkRttNs + record.proberDelayNs + record.responderDelayNs;
        assert.ok(Math.abs(sum - record.programRttNs) <= 2, 'the three delays make up the round trip');
      }
    });
  }

  it('measures a reflector that gives back TLVs it does not know and fills Follow-Up Telemetry', async () => {
    let previous: { sequence: number; t4: bigint } | undefined;
    const exactDelayNs = 777n;
    const behaviour: Behaviour = (probe, packet, reply) => {
      const t3Ns = nowNs();
      const answer = answerTo(probe, PTP, { receiveTimestamp: wireTime(t3Ns, PTP), timestamp: wireTime(t3Ns, PTP) });
      const echo = ({ flags, type, value }: Tlv): Buffer => {
        if (type !== 7) return makeTlv({ flags: flags | UNRECOGNIZED, type, value });
        const telemetry = Buffer.alloc(16);
        if (previous !== undefined) {
          telemetry.writeUInt32BE(previous.sequence, 0);
          telemetry.writeBigUInt64BE(previous.t4, 4);
          telemetry.writeUInt8(2, 12);
        }
        return makeTlv({ flags: 0, type, value: telemetry });
      };
      reply(Buffer.concat([makeAnswer(answer), ...readTlvs(packet).map(echo)]));
      previous = { sequence: probe.sequence, t4: wireTime(t3Ns + exactDelayNs, PTP) };
    };
    const records = await (await probing(behaviour)).until((all) => all.some(({ t4 }) => t4 === 'tlv7'));
    for (const record of records) assert.equal(record.result, 'success');
    for (const record of records.filter(({ t4 }) => t4 === 'tlv7')) {
      assert.equal(record.responderDelayNs, Number(exactDelayNs));
    }
  });

  it('measures a reflector that echoes TLVs unread', async () => {
    const behaviour: Behaviour = (probe, packet, reply) =>
      reply(Buffer.concat([makeAnswer(answerTo(probe, PTP)), packet.subarray(44)]));
    const records = await (await probing(behaviour)).until(several);
    for (const record of records) assert.deepEqual([record.result, record.t4], ['success', 'inline']);
  });

  it('sends nothing but 44 bytes to a plain target, and a well-formed packet to every other', async () => {
    const plain: Buffer[] = [];
    const collect =
      (packets: Buffer[]): Behaviour =>
      (probe, packet, reply) => {
        packets.push(packet);
        reply(makeAnswer(answerTo(probe, PTP)));
      };
    await (await probing(collect(plain), { plain: true })).until(several);
    for (const packet of plain) assert.equal(packet.length, 44);
    await pump?.stop();
    socket?.close();

    const packets: Buffer[] = [];
    await (await probing(collect(packets), { payloadBytes: 300 })).until(several);
    for (const packet of packets) {
      assert.ok(packet.length >= 300);
      assert.equal(packet.subarray(16, 44).compare(Buffer.alloc(28)), 0, 'must be zero');
      for (const tlv of readTlvs(packet)) assert.equal(tlv.flags, UNRECOGNIZED, 'RFC 8972 4: the sender sets U');
    }
    const sequences = packets.map((packet) => readProbe(packet).sequence);
    sequences.slice(1).forEach((sequence, i) => {
      assert.equal(sequence, (sequences[i]! + 1) >>> 0);
    });
  });

  it('calls a round trip shorter than the reflector says it took invalid', async () => {
    const t4Ns = (): bigint => nowNs() + 10_000_000_000n;
    const behaviour: Behaviour = (probe, _packet, reply) =>
      reply(makeAnswer(answerTo(probe, PTP, { timestamp: wireTime(t4Ns(), PTP) })));
    const records = await (await probing(behaviour)).until(several);
    for (const record of records) assert.equal(record.result, 'invalid');
  });

  it('takes no answer with a foreign sequence number or session', async () => {
    const behaviour: Behaviour = (probe, _packet, reply) => {
      reply(makeAnswer(answerTo(probe, PTP, { senderSequence: (probe.sequence + 0x4000_0000) >>> 0 })));
      reply(makeAnswer(answerTo(probe, PTP, { ssid: probe.ssid ^ 0x5555 || 1 })));
      reply(makeAnswer(answerTo(probe, PTP)).subarray(0, 43));
    };
    const records = await (await probing(behaviour, { timeoutUs: 20_000 })).until(several);
    for (const record of records) assert.deepEqual([record.result, record.networkRttNs], ['timeout', Number.NaN]);
  });

  it('counts a second answer as duplicate and one after the timeout as late', async () => {
    const twice: Behaviour = (probe, _packet, reply) => {
      reply(makeAnswer(answerTo(probe, PTP)));
      reply(makeAnswer(answerTo(probe, PTP)));
    };
    const duplicates = await (await probing(twice)).until(has('duplicate'));
    assert.ok(!has('timeout')(duplicates));
    await pump?.stop();
    socket?.close();

    const held: (() => void)[] = [];
    const behaviour: Behaviour = (probe, _packet, reply) => held.push(() => reply(makeAnswer(answerTo(probe, PTP))));
    const late = await probing(behaviour, { timeoutUs: 20_000 });
    await late.until(has('timeout'));
    held[0]!();
    assert.ok(!has('success')(await late.until(has('late'))));
  });

  it('signs its probes and takes signed answers only', async () => {
    let forged = 0;
    const behaviour: Behaviour = (_probe, packet, reply) => {
      assert.deepEqual(packet.subarray(96, 112), hmac(KEY, packet.subarray(0, 96)));
      const answer = authenticatedAnswer(packet);
      const signed = readTlvs(packet, 112).length === 0 ? answer : Buffer.concat([answer, packet.subarray(112)]);
      if (forged++ % 2 === 0) signed.writeUInt8(signed.readUInt8(96) ^ 1, 96);
      reply(signed);
    };
    const records = await (await probing(behaviour, { plain: true, timeoutUs: 50_000 }, KEY)).until(
      (all) => has('success')(all) && has('timeout')(all),
    );
    for (const record of records) assert.ok(['success', 'timeout'].includes(record.result), record.result);
  });
});

/** Session-Reflector test packet, RFC 8972 figure 4. */
function authenticatedAnswer(probe: Buffer): Buffer {
  const answer = Buffer.alloc(112);
  const t3Ns = nowNs();
  probe.copy(answer, 0, 0, 4);
  answer.writeBigUInt64BE(wireTime(t3Ns + RESPONDER_DELAY_NS, PTP), 16);
  answer.writeUInt16BE(PTP, 24);
  probe.copy(answer, 26, 26, 28);
  answer.writeBigUInt64BE(wireTime(t3Ns, PTP), 32);
  probe.copy(answer, 48, 0, 4);
  probe.copy(answer, 64, 16, 26);
  answer.writeUInt8(TTL, 80);
  hmac(KEY, answer.subarray(0, 96)).copy(answer, 96);
  return answer;
}
