/** Documents as they travel: JSON, compressed with gzip. */

import { isUtf8 } from 'node:buffer';
import { promisify } from 'node:util';
import { gunzip, gunzipSync, gzip } from 'node:zlib';
import { RowError, type RowsDocument } from './row.js';

/**
 * What an agent pushes is inflated at once, in well under a millisecond: a turn through the thread pool costs six times
 * as much CPU as the work. Whatever does not fit is inflated there, so that nobody's body holds up the others.
 */
const QUICK_INPUT_BYTES = 64 * 1024;
const QUICK_OUTPUT_BYTES = 512 * 1024;

const [compress, inflateInPool] = [promisify(gzip), promisify(gunzip)];

export async function pack(document: RowsDocument): Promise<Buffer> {
  return await compress(JSON.stringify(document));
}

/** A body that becomes larger than its limit is inflated no further. */
export class InflatedTooLarge extends Error {}

/** Rejects with InflatedTooLarge beyond `maxBytes`, with RowError when it is no gzip. */
export async function inflate(body: Buffer, maxBytes: number): Promise<Buffer> {
  const quickBytes = Math.min(maxBytes, QUICK_OUTPUT_BYTES);
  try {
    if (body.length <= QUICK_INPUT_BYTES) return gunzipSync(body, { maxOutputLength: quickBytes });
  } catch (error) {
    if (!isTooLarge(error)) throw new RowError('', 'the body is no gzip, or not all of it');
    if (quickBytes === maxBytes) throw new InflatedTooLarge();
  }
  try {
    return await inflateInPool(body, { maxOutputLength: maxBytes });
  } catch (error) {
    throw isTooLarge(error) ? new InflatedTooLarge() : new RowError('', 'the body is no gzip, or not all of it');
  }
}

/** Throws RowError. */
export function parseJson(bytes: Buffer): unknown {
  // Decoding alone would put U+FFFD in the place of what is no UTF-8.
  if (!isUtf8(bytes)) throw new RowError('', 'the body is no JSON in UTF-8');
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new RowError('', 'the body is no JSON in UTF-8');
  }
}

function isTooLarge(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
}
