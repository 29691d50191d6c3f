/**
 * Records as checksummed lines: eight hex digits of CRC-32, a space, JSON. What a crash or a bad disk left of a file can
 * be told line by line from what was written.
 */

import { crc32 } from 'node:zlib';

export interface RecordLines {
  readonly records: readonly unknown[];
  /** Broken lines with good ones after them: not a crash, the file was damaged. */
  readonly damagedLines: number;
  /** Bytes after the last good line: a write that a crash cut short. */
  readonly tornBytes: number;
}

const CHECKSUM_DIGITS = 8;
const NEWLINE = 0x0a;

export function encodeRecord(record: object): string {
  const json = JSON.stringify(record);
  return `${checksum(json)} ${json}\n`;
}

export function decodeRecords(bytes: Buffer): RecordLines {
  const records: unknown[] = [];
  let damagedLines = 0;
  let brokenSinceGood = 0;
  let goodEnd = 0;
  for (let start = 0; start < bytes.length; ) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline === -1 ? bytes.length : newline;
    // Without its newline the next line would be appended to this one.
    const record = newline === -1 ? undefined : decodeLine(bytes.toString('utf8', start, end));
    start = end + 1;
    if (record === undefined) {
      brokenSinceGood += 1;
      continue;
    }
    records.push(record);
    damagedLines += brokenSinceGood;
    brokenSinceGood = 0;
    goodEnd = start;
  }
  return { records, damagedLines, tornBytes: bytes.length - goodEnd };
}

function decodeLine(line: string): unknown {
  const json = line.slice(CHECKSUM_DIGITS + 1);
  if (line[CHECKSUM_DIGITS] !== ' ' || line.slice(0, CHECKSUM_DIGITS) !== checksum(json)) return undefined;
  try {
    return JSON.parse(json);
  } catch {
    return undefined;
  }
}

function checksum(json: string): string {
  return crc32(json).toString(16).padStart(CHECKSUM_DIGITS, '0');
}
