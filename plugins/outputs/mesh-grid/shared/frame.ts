/**
 * What one metric says, as it stands in a Redis that several grids share. Pure functions over bytes.
 *
 *   row name     `N transport src` without the second space: N is the length of the transport's name, UTF-16 units
 *   row          frames, one after the other; no two of them are equal
 *   frame        length of the rest · dst · path · dc, pod and tor of src · dc, pod and tor of dst · cell · fingerprint, 8 bytes
 *
 * Numbers and the cell are written as in plugins/common/grid/store (bytes.ts, cell.ts), texts as their length in bytes and
 * UTF-8. The fingerprint is of the whole metric: two paths of one pair may have equal cells, and count both.
 */

import type { Metric, Tags } from '../../../../core/metric.js';
import { COMMON_SEED, type Fingerprint, fingerprint } from '../../../common/grid/fingerprint.js';
import { ByteReader, ByteWriter } from '../../../common/grid/store/bytes.js';
import { type CellSums, MAX_CELL_BYTES } from '../../../common/grid/store/cell.js';
import type { PairReading } from '../../../common/grid/store/grid-store.js';

const PRINT_BYTES = 8;
const TAGS = ['path', 'src_dc', 'src_pod', 'src_tor', 'dst_dc', 'dst_pod', 'dst_tor'] as const;
/** Of a label: those of the controller are shorter, those of others' rows may be so long. */
const MAX_TEXT_CHARS = 1024;
const MAX_UTF8_BYTES = 3;
const MAX_FRAME_BYTES = (TAGS.length + 1) * (MAX_TEXT_CHARS * MAX_UTF8_BYTES + 2) + MAX_CELL_BYTES + PRINT_BYTES;
/** The length in front of a frame: two numbers of seven bits are 16 383, three 2 097 151. */
const MAX_LENGTH_BYTES = 3;

const writer = new ByteWriter(MAX_FRAME_BYTES);
const written = Buffer.from(writer.bytes.buffer);
const reader = new ByteReader();
const print: Fingerprint = { high: 0, low: 0 };

export type RowKey = Pick<PairReading, 'transport' | 'src'>;

export function rowName({ transport, src }: RowKey): string {
  return `${transport.length} ${transport}${src}`;
}

/** Undefined: none of ours. */
export function parseRowName(name: string): RowKey | undefined {
  const [, digits = ''] = /^(\d{1,4}) /.exec(name) ?? [];
  if (digits === '') return undefined;
  const start = digits.length + 1;
  const end = start + Number(digits);
  return { transport: name.slice(start, end), src: name.slice(end) };
}

/** `metric` is what was read. */
export function encodeFrame({ dst, tags, sums }: PairReading, metric: Metric): Buffer {
  writer.length = 0;
  addText(dst);
  for (const tag of TAGS) addText(tags[tag] ?? '');
  sums.write(writer);
  fingerprint(metric, print, COMMON_SEED);
  const body = writer.length;
  const head = new ByteWriter(MAX_LENGTH_BYTES);
  head.whole(body + PRINT_BYTES);
  const frame = Buffer.allocUnsafe(head.length + body + PRINT_BYTES);
  frame.set(head.bytes.subarray(0, head.length));
  written.copy(frame, head.length, 0, body);
  frame.writeUInt32LE(print.high, head.length + body);
  frame.writeUInt32LE(print.low, head.length + body + 4);
  return frame;
}

/** The frames of a row, or of its end. Stops before what is cut off. */
export function* framesOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; ) {
    reader.bytes = bytes;
    reader.at = at;
    const end = reader.whole() + reader.at;
    if (end > bytes.length) return;
    yield bytes.subarray(at, end);
    at = end;
  }
}

/** Reads a frame of a row; `sums` hold its cell afterwards. Throws RangeError when it is none. */
export function decodeFrame(frame: Buffer, row: RowKey, endMs: number, sums: CellSums): PairReading {
  reader.bytes = frame;
  reader.at = 0;
  reader.skip();
  const dst = nextText(frame);
  const tags: Record<string, string> = {};
  for (const tag of TAGS) {
    const label = nextText(frame);
    if (label !== '') tags[tag] = label;
  }
  sums.clear();
  sums.addWritten(reader);
  if (dst === '' || reader.at !== frame.length - PRINT_BYTES) throw new RangeError('a frame of a row is damaged');
  return { ...row, dst, endMs, tags: tags as Tags, sums };
}

function addText(text: string): void {
  const cut = text.length > MAX_TEXT_CHARS ? text.slice(0, MAX_TEXT_CHARS) : text;
  const bytes = Buffer.byteLength(cut);
  writer.whole(bytes);
  written.write(cut, writer.length);
  writer.length += bytes;
}

function nextText(frame: Buffer): string {
  const bytes = reader.whole();
  const start = reader.at;
  reader.at += bytes;
  return frame.toString('utf8', start, reader.at);
}
