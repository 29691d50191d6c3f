/** weft's reflector judged by packets made after the RFCs alone (stamp-packets.ts), through the native engine. */

import assert from 'node:assert/strict';
import { randomBytes, randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { after, afterEach, before, beforeEach, describe, it } from 'node:test';
import { createUdpReflector, type EngineHandle, port, stats } from '../../native/index.js';
import { type Pump, startPump } from '../support/engine-pump.js';
import { waitFor } from '../support/wait-for.js';
import {
  type Answer,
  hmac,
  INTEGRITY,
  MALFORMED,
  makeHmacTlv,
  makeProbe,
  makeTlv,
  NTP,
  PTP,
  readAnswer,
  readTlvs,
  type Tlv,
  timeNs,
  UNRECOGNIZED,
  wireTime,
} from './stamp-packets.js';

const KEY = Buffer.from('a key of the test');
const TTL = 77;
const SSID = 4242;
/** The clocks of this test and of the kernel's stamps agree within this. */
const CLOCK_SLACK_NS = 5_000_000n;

const nowNs = (): bigint => BigInt(Math.round((performance.timeOrigin + performance.now()) * 1000)) * 1000n;

class Sender {
  readonly #socket: Socket;
  readonly #port: number;
  readonly #received: Buffer[] = [];
  #taken = 0;

  private constructor(socket: Socket, reflectorPort: number) {
    this.#socket = socket;
    this.#port = reflectorPort;
    socket.on('message', (message) => {
      this.#received.push(message);
      socket.emit('stored');
    });
  }

  static async open(reflectorPort: number): Promise<Sender> {
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    socket.setTTL(TTL);
    return new Sender(socket, reflectorPort);
  }

  send(packet: Buffer): void {
    this.#socket.send(packet, this.#port, '127.0.0.1');
  }

  /** The next packet that came and was not taken yet. */
  async next(): Promise<Buffer> {
    const turn = () => once(this.#socket, 'stored');
    await waitFor(`packet ${this.#taken + 1}`, () => this.#received.length > this.#taken, { turn });
    return this.#received[this.#taken++]!;
  }

  async ask(packet: Buffer): Promise<Buffer> {
    this.send(packet);
    return this.next();
  }

  close(): void {
    this.#socket.close();
  }
}

const probe = (sequence: number, errorEstimate = PTP, key?: Buffer): Buffer =>
  makeProbe({ sequence, timestamp: wireTime(nowNs(), errorEstimate), errorEstimate, ssid: SSID }, key);
const zeros = (bytes: number): Buffer => Buffer.alloc(bytes);
const withTlvs = (base: Buffer, ...tlvs: Tlv[]): Buffer => Buffer.concat([base, ...tlvs.map(makeTlv)]);
const followUpTelemetry: Tlv = { flags: UNRECOGNIZED, type: 7, value: zeros(16) };
const followUpRequest = (bytes: number): Tlv => ({ flags: UNRECOGNIZED, type: 241, value: zeros(bytes) });

function assertAnswers(answer: Answer, sent: Buffer, sentNs: bigint, authenticated = false): void {
  const at = authenticated ? 16 : 4;
  assert.equal(answer.sequence, sent.readUInt32BE(0));
  assert.equal(answer.senderSequence, sent.readUInt32BE(0));
  assert.equal(answer.senderTimestamp, sent.readBigUInt64BE(at));
  assert.equal(answer.senderErrorEstimate, sent.readUInt16BE(at + 8));
  assert.equal(answer.senderTtl, TTL);
  assert.equal(answer.ssid, SSID);
  assert.notEqual(answer.errorEstimate & 0xff, 0, 'RFC 4656 4.1.2: a multiplier of zero makes a stamp worthless');
  const receivedNs = timeNs(answer.receiveTimestamp, answer.errorEstimate);
  const transmittedNs = timeNs(answer.timestamp, answer.errorEstimate);
  assert.ok(receivedNs >= sentNs - CLOCK_SLACK_NS, `received ${receivedNs}, sent ${sentNs}`);
  assert.ok(transmittedNs >= receivedNs, `transmitted ${transmittedNs}, received ${receivedNs}`);
  assert.ok(transmittedNs <= nowNs() + CLOCK_SLACK_NS);
}

describe('reflector, unauthenticated', () => {
  let engine: EngineHandle;
  let pump: Pump;
  let sender: Sender;

  before(() => {
    engine = openReflector();
    pump = startPump(engine);
  });
  after(() => pump.stop());
  beforeEach(async () => {
    sender = await Sender.open(port(engine));
  });
  afterEach(() => sender.close());

  for (const [format, errorEstimate] of [['NTP', NTP] as const, ['PTPv2', PTP] as const]) {
    it(`answers a plain packet in ${format} format in kind`, async () => {
      const sent = probe(randomInt(2 ** 32), errorEstimate);
      const sentNs = nowNs();
      const answer = await sender.ask(sent);
      assert.equal(answer.length, 44);
      assertAnswers(readAnswer(answer), sent, sentNs);
      assert.equal(readAnswer(answer).errorEstimate & 0x4000, errorEstimate & 0x4000);
      assert.deepEqual([answer.readUInt16BE(38), answer.readUIntBE(41, 3)], [0, 0], 'must be zero');
    });
  }

  it('wraps nothing at the largest sequence number', async () => {
    assert.equal(readAnswer(await sender.ask(probe(0xffff_ffff))).senderSequence, 0xffff_ffff);
  });

  it('tells the exact T4 of the previous answer in Follow-Up Telemetry', async () => {
    const first = await sender.ask(withTlvs(probe(1000), followUpTelemetry));
    const receivedNs = nowNs();
    assert.deepEqual(readTlvs(first), [{ flags: 0, type: 7, value: zeros(16) }], 'nothing came before');
    const second = await sender.ask(withTlvs(probe(1001), followUpTelemetry));
    const [tlv] = readTlvs(second);
    assert.equal(tlv!.flags, 0);
    assert.equal(tlv!.value.readUInt32BE(0), 1000);
    const answer = readAnswer(first);
    const exactNs = timeNs(tlv!.value.readBigUInt64BE(4), answer.errorEstimate);
    assert.ok(exactNs >= timeNs(answer.timestamp, answer.errorEstimate), 'the kernel sends after the program stamped');
    assert.ok(exactNs <= receivedNs + CLOCK_SLACK_NS);
    assert.ok([1, 2].includes(tlv!.value.readUInt8(12)), 'hardware-assisted or local software');
  });

  it('marks what it does not understand and gives it back otherwise unchanged', async () => {
    const unknown = { flags: UNRECOGNIZED, type: 200, value: randomBytes(24) };
    const padding = { flags: UNRECOGNIZED, type: 1, value: randomBytes(10) };
    const sent = withTlvs(probe(1), unknown, padding, followUpTelemetry);
    const answer = await sender.ask(sent);
    assert.equal(answer.length, sent.length);
    const [first, second, third] = readTlvs(answer);
    assert.deepEqual(first, unknown);
    assert.deepEqual(second, { ...padding, flags: 0 });
    assert.deepEqual([third!.flags, third!.type], [0, 7]);
  });

  it('marks a type it does not know although the sender did not', async () => {
    const [tlv] = readTlvs(await sender.ask(withTlvs(probe(1), { flags: 0, type: 99, value: zeros(4) })));
    assert.equal(tlv!.flags, UNRECOGNIZED);
  });

  it('sends a follow-up with the exact T4 when TLV 241 pays for it', async () => {
    const sent = withTlvs(probe(7), followUpRequest(132));
    const answer = await sender.ask(sent);
    const followUp = await sender.next();
    assert.deepEqual(readTlvs(answer), [{ flags: 0, type: 241, value: zeros(0) }]);
    const [tlv] = readTlvs(followUp);
    assert.deepEqual([tlv!.flags, tlv!.type, tlv!.value.readUInt32BE(0)], [0, 7, 7]);
    const inline = readAnswer(answer);
    const exactNs = timeNs(tlv!.value.readBigUInt64BE(4), inline.errorEstimate);
    assert.ok(exactNs >= timeNs(inline.timestamp, inline.errorEstimate));
    assert.equal(readAnswer(followUp).senderSequence, 7);
    assert.ok(answer.length + followUp.length <= sent.length, 'never sends more than it got');
  });

  it('does not know TLV 241 when it pays too little, and sends one packet only', async () => {
    const cheap = followUpRequest(40);
    const answer = await sender.ask(withTlvs(probe(8), cheap));
    assert.deepEqual(readTlvs(answer), [cheap]);
    assert.equal(readAnswer(await sender.ask(probe(9))).senderSequence, 9, 'the next packet is the next answer');
  });

  it('marks a TLV that does not fit into the packet', async () => {
    const tooLong = makeTlv({ flags: UNRECOGNIZED, type: 1, value: zeros(8) });
    tooLong.writeUInt16BE(9, 2);
    const sent = Buffer.concat([probe(10), tooLong]);
    const answer = await sender.ask(sent);
    assert.equal(answer.length, sent.length);
    assert.equal(answer.readUInt8(44) & (UNRECOGNIZED | MALFORMED), MALFORMED);
    const wrongSize = { flags: UNRECOGNIZED, type: 7, value: zeros(15) };
    const [tlv] = readTlvs(await sender.ask(withTlvs(probe(11), wrongSize)));
    assert.equal(tlv!.flags & MALFORMED, MALFORMED);
  });

  it('survives rubbish of every size, answers none of it with more, and counts what it refuses', async () => {
    const before = stats(engine);
    const sizes = [...Array.from({ length: 64 }, (_, i) => i), 111, 112, 1472, 1473, 9000, 65_507];
    const short = sizes.filter((size) => size < 44);
    const barrier = Buffer.from(probe(0xabcd));
    const answerOf = new Map<string, number>();
    for (const size of sizes) {
      const rubbish = randomBytes(size);
      if (size >= 4) rubbish.writeUInt32BE(size, 0);
      sender.send(rubbish);
      let answer = await sender.ask(barrier);
      // Every answer to the rubbish stands before that to the packet behind it.
      for (; answer.readUInt32BE(24) !== 0xabcd; answer = await sender.next()) {
        answerOf.set(String(answer.readUInt32BE(24)), answer.length);
        assert.ok(answer.length <= size, `${answer.length} bytes in answer to ${size}`);
      }
    }
    for (const size of short) assert.ok(!answerOf.has(String(size)), `answered ${size} bytes`);
    const counted = stats(engine);
    assert.equal(counted.refused_short! - before.refused_short!, short.length);
    assert.equal(counted.refused_oversized! - before.refused_oversized!, 1, 'beyond a jumbo frame');
  });

  it('counts an Error Estimate with a multiplier of zero as malformed', async () => {
    const before = stats(engine).refused_malformed!;
    sender.send(probe(1, 0x4000));
    assert.equal(readAnswer(await sender.ask(probe(2))).senderSequence, 2);
    assert.equal(stats(engine).refused_malformed! - before, 1);
  });
});

describe('reflector, authenticated', () => {
  let engine: EngineHandle;
  let pump: Pump;
  let sender: Sender;

  before(() => {
    engine = openReflector(KEY);
    pump = startPump(engine);
  });
  after(() => pump.stop());
  beforeEach(async () => {
    sender = await Sender.open(port(engine));
  });
  afterEach(() => sender.close());

  it('answers a signed packet with a signed one', async () => {
    const sent = probe(randomInt(2 ** 32), NTP, KEY);
    const sentNs = nowNs();
    const answer = await sender.ask(sent);
    assert.equal(answer.length, 112);
    assert.deepEqual(answer.subarray(96), hmac(KEY, answer.subarray(0, 96)));
    assertAnswers(readAnswer(answer, true), sent, sentNs, true);
  });

  it('signs the TLVs of its answer as well', async () => {
    const base = withTlvs(probe(5, PTP, KEY), { flags: UNRECOGNIZED, type: 200, value: zeros(8) }, followUpTelemetry);
    const sent = Buffer.concat([base, makeHmacTlv(base, KEY)]);
    const answer = await sender.ask(sent);
    assert.equal(answer.length, sent.length);
    const tlvs = readTlvs(answer, 112);
    assert.deepEqual(
      tlvs.map(({ flags, type }) => [flags, type]),
      [
        [UNRECOGNIZED, 200],
        [0, 7],
        [0, 8],
      ],
    );
    assert.deepEqual(answer.subarray(-20), makeHmacTlv(answer.subarray(0, -20), KEY, 0));
  });

  it('marks TLVs whose HMAC is wrong and acts on none', async () => {
    const base = withTlvs(probe(6, PTP, KEY), followUpRequest(232));
    const answer = await sender.ask(Buffer.concat([base, makeHmacTlv(base, Buffer.from('another key'))]));
    const [tlv] = readTlvs(answer, 112);
    assert.equal(tlv!.flags & INTEGRITY, INTEGRITY);
    assert.equal(tlv!.value.length, 232);
    assert.deepEqual(answer.subarray(96, 112), hmac(KEY, answer.subarray(0, 96)));
  });

  it('refuses and counts what is unsigned, signed with another key, or changed on the way', async () => {
    const before = stats(engine);
    const changed = probe(3, PTP, KEY);
    changed.writeUInt8(changed.readUInt8(40) ^ 1, 40);
    sender.send(probe(1, PTP, Buffer.from('another key')));
    sender.send(changed);
    sender.send(zeros(112));
    sender.send(probe(4));
    const answer = await sender.ask(probe(9, PTP, KEY));
    assert.equal(readAnswer(answer, true).senderSequence, 9);
    const counted = stats(engine);
    assert.equal(counted.refused_unauthenticated! - before.refused_unauthenticated!, 3);
    assert.equal(counted.refused_short! - before.refused_short!, 1, '44 bytes cannot carry an HMAC');
  });
});

function openReflector(key: Uint8Array = new Uint8Array()): EngineHandle {
  const options = { address: '127.0.0.1', port: 0, allowedPrefixes: [], rateLimit: 0, timestamps: 'auto' as const };
  return createUdpReflector({ ...options, key });
}
