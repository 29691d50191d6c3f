/**
 * STAMP packets by hand, after RFC 8762 (4.2, 4.3) and RFC 8972 (3, 4) alone: nothing of weft is used here, so that both
 * sides of weft can be judged by it. Offsets are those of the figures in the RFCs.
 */

import { createHmac } from 'node:crypto';

export const UNRECOGNIZED = 0x80;
export const MALFORMED = 0x40;
export const INTEGRITY = 0x20;

/** Error Estimate without synchronisation, multiplier 1: in NTP format (Z = 0) and in PTPv2 format (Z = 1). */
export const NTP = 0x0001;
export const PTP = 0x4001;

const NTP_EPOCH_OFFSET_S = 2_208_988_800n;

export interface Tlv {
  readonly flags: number;
  readonly type: number;
  readonly value: Buffer;
}

export interface Probe {
  readonly sequence: number;
  readonly timestamp: bigint;
  readonly errorEstimate: number;
  readonly ssid: number;
}

/** What a reflector says; times as they stand on the wire. */
export interface Answer extends Probe {
  readonly receiveTimestamp: bigint;
  readonly senderSequence: number;
  readonly senderTimestamp: bigint;
  readonly senderErrorEstimate: number;
  readonly senderTtl: number;
}

/** Session-Sender test packet, RFC 8972 figure 1 (44 bytes) or, with a key, figure 3 (112 bytes). */
export function makeProbe(probe: Probe, key?: Buffer): Buffer {
  const packet = Buffer.alloc(key === undefined ? 44 : 112);
  const at = key === undefined ? 4 : 16;
  packet.writeUInt32BE(probe.sequence, 0);
  packet.writeBigUInt64BE(probe.timestamp, at);
  packet.writeUInt16BE(probe.errorEstimate, at + 8);
  packet.writeUInt16BE(probe.ssid, at + 10);
  if (key !== undefined) hmac(key, packet.subarray(0, 96)).copy(packet, 96);
  return packet;
}

export function readProbe(packet: Buffer): Probe {
  return {
    sequence: packet.readUInt32BE(0),
    timestamp: packet.readBigUInt64BE(4),
    errorEstimate: packet.readUInt16BE(12),
    ssid: packet.readUInt16BE(14),
  };
}

/** Session-Reflector test packet, RFC 8972 figure 2. */
export function makeAnswer(answer: Answer): Buffer {
  const packet = Buffer.alloc(44);
  packet.writeUInt32BE(answer.sequence, 0);
  packet.writeBigUInt64BE(answer.timestamp, 4);
  packet.writeUInt16BE(answer.errorEstimate, 12);
  packet.writeUInt16BE(answer.ssid, 14);
  packet.writeBigUInt64BE(answer.receiveTimestamp, 16);
  packet.writeUInt32BE(answer.senderSequence, 24);
  packet.writeBigUInt64BE(answer.senderTimestamp, 28);
  packet.writeUInt16BE(answer.senderErrorEstimate, 36);
  packet.writeUInt8(answer.senderTtl, 40);
  return packet;
}

/** Session-Reflector test packet, RFC 8972 figure 2 or, when `authenticated`, figure 4. */
export function readAnswer(packet: Buffer, authenticated = false): Answer {
  const at = authenticated
    ? { transmit: 16, receive: 32, sequence: 48, sender: 64, ttl: 80 }
    : { transmit: 4, receive: 16, sequence: 24, sender: 28, ttl: 40 };
  return {
    sequence: packet.readUInt32BE(0),
    timestamp: packet.readBigUInt64BE(at.transmit),
    errorEstimate: packet.readUInt16BE(at.transmit + 8),
    ssid: packet.readUInt16BE(at.transmit + 10),
    receiveTimestamp: packet.readBigUInt64BE(at.receive),
    senderSequence: packet.readUInt32BE(at.sequence),
    senderTimestamp: packet.readBigUInt64BE(at.sender),
    senderErrorEstimate: packet.readUInt16BE(at.sender + 8),
    senderTtl: packet.readUInt8(at.ttl),
  };
}

export function makeTlv({ flags, type, value }: Tlv): Buffer {
  const header = Buffer.from([flags, type, 0, 0]);
  header.writeUInt16BE(value.length, 2);
  return Buffer.concat([header, value]);
}

export function readTlvs(packet: Buffer, base = 44): Tlv[] {
  const tlvs: Tlv[] = [];
  for (let at = base; at + 4 <= packet.length; ) {
    const end = at + 4 + packet.readUInt16BE(at + 2);
    tlvs.push({ flags: packet.readUInt8(at), type: packet.readUInt8(at + 1), value: packet.subarray(at + 4, end) });
    at = end;
  }
  return tlvs;
}

/** HMAC TLV (type 8) over the sequence number of `packet` and the TLVs that it already has, RFC 8972 4.8. */
export function makeHmacTlv(packet: Buffer, key: Buffer, flags = UNRECOGNIZED): Buffer {
  const value = hmac(key, Buffer.concat([packet.subarray(0, 4), packet.subarray(112)]));
  return makeTlv({ flags, type: 8, value });
}

/** HMAC-SHA-256 truncated to 128 bits, RFC 8762 4.4. */
export function hmac(key: Buffer, data: Buffer): Buffer {
  return createHmac('sha256', key).update(data).digest().subarray(0, 16);
}

/** A wire timestamp as UTC ns; `errorEstimate` says in which format it is. */
export function timeNs(timestamp: bigint, errorEstimate: number): bigint {
  const seconds = timestamp >> 32n;
  const fraction = timestamp & 0xffff_ffffn;
  if ((errorEstimate & 0x4000) !== 0) return seconds * 1_000_000_000n + fraction;
  return (seconds - NTP_EPOCH_OFFSET_S) * 1_000_000_000n + ((fraction * 1_000_000_000n) >> 32n);
}

/** UTC ns as a wire timestamp in the format that `errorEstimate` names. */
export function wireTime(utcNs: bigint, errorEstimate: number): bigint {
  const seconds = utcNs / 1_000_000_000n;
  const rest = utcNs % 1_000_000_000n;
  if ((errorEstimate & 0x4000) !== 0) return (seconds << 32n) | rest;
  return ((seconds + NTP_EPOCH_OFFSET_S) << 32n) | ((rest << 32n) / 1_000_000_000n);
}
