/**
 * The frames of a segment file. A frame holds what one write put there: lines of metrics, and before them a header of 32
 * bytes, big-endian:
 *
 *   0 magic u32 · 4 length of the lines u32 · 8 sequence number of the first metric u64 · 16 number of metrics u32 ·
 *   20 CRC-32 of the lines u32 · 24 reserved u32 · 28 CRC-32 of the 28 bytes before u32
 *
 * A header has its own checksum, so that it says how many metrics a damaged frame had, and where the next one begins. The
 * magic has a byte that no UTF-8 text has: behind a damaged header the next frame is found by looking for it.
 */

import { crc32 } from 'node:zlib';

const HEADER_BYTES = 32;
const MAGIC = Buffer.from([0xff, 0x57, 0x46, 0x01]);
const CRC_AT = 28;
/** A sequence number stays below 2^53. */
const MAX_SEQUENCE = BigInt(Number.MAX_SAFE_INTEGER);

export interface Frame {
  /** Sequence number of its first metric. */
  readonly first: number;
  readonly count: number;
  /** One for each metric; undefined: they are damaged or cut off. */
  readonly lines: readonly string[] | undefined;
  /** Where the next frame may begin. */
  readonly end: number;
}

export function encodeFrame(first: number, lines: readonly string[]): Buffer {
  const text = lines.join('\n');
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + Buffer.byteLength(text));
  bytes.write(text, HEADER_BYTES);
  MAGIC.copy(bytes);
  bytes.writeUInt32BE(bytes.length - HEADER_BYTES, 4);
  bytes.writeBigUInt64BE(BigInt(first), 8);
  bytes.writeUInt32BE(lines.length, 16);
  bytes.writeUInt32BE(crc32(bytes.subarray(HEADER_BYTES)), 20);
  bytes.writeUInt32BE(0, 24);
  bytes.writeUInt32BE(crc32(bytes.subarray(0, CRC_AT)), CRC_AT);
  return bytes;
}

/** The first frame at or after `offset`; undefined when there is none. Bytes that are no frame are passed over. */
export function nextFrame(bytes: Buffer, offset: number): Frame | undefined {
  let at = bytes.indexOf(MAGIC, offset);
  while (at >= 0) {
    const frame = frameAt(bytes, at);
    if (frame !== undefined) return frame;
    at = bytes.indexOf(MAGIC, at + 1);
  }
  return undefined;
}

function frameAt(bytes: Buffer, at: number): Frame | undefined {
  const start = at + HEADER_BYTES;
  if (start > bytes.length) return undefined;
  if (crc32(bytes.subarray(at, at + CRC_AT)) !== bytes.readUInt32BE(at + CRC_AT)) return undefined;
  const sequence = bytes.readBigUInt64BE(at + 8);
  if (sequence > MAX_SEQUENCE) return undefined;
  const count = bytes.readUInt32BE(at + 16);
  const end = start + bytes.readUInt32BE(at + 4);
  const payload = bytes.subarray(start, end);
  const isWhole = end <= bytes.length && crc32(payload) === bytes.readUInt32BE(at + 20);
  const lines = isWhole ? payload.toString('utf8').split('\n') : undefined;
  const isCounted = lines?.length === count;
  return { first: Number(sequence), count, lines: isCounted ? lines : undefined, end: Math.min(end, bytes.length) };
}
