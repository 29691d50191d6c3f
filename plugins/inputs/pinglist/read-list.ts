/** A pinglist file, in either form, as the targets of this host. */

import { readFile, stat } from 'node:fs/promises';
import { WeftError } from '../../../core/errors.js';
import { readDocument } from '../../../core/pinglist/document.js';
import { MAX_PINGLIST_BYTES } from '../../../core/pinglist/limits.js';
import { parsePinglist } from '../../../core/pinglist/pinglist.js';
import { isPingweave, type PingweaveOptions, parsePingweave } from '../../../core/pinglist/pingweave.js';
import type { Pinglist } from '../../../core/target.js';

export interface ListFile {
  readonly pinglist: Pinglist;
  /** What was left out of a list in PingWeave's form, and why. */
  readonly warnings: readonly string[];
  /** The addresses of this host that the targets depend on; undefined when they would be the same on any host. */
  readonly madeFor: readonly string[] | undefined;
}

/** Rejects with WEFT_PINGLIST when the list is wrong, with the error of node:fs when the file cannot be read. */
export async function readList(
  file: string,
  host: Omit<PingweaveOptions, 'source'>,
  signal?: AbortSignal,
): Promise<ListFile> {
  const { size } = await stat(file);
  // Looked at before reading: a file this large should not even be in memory.
  if (size > MAX_PINGLIST_BYTES) {
    throw new WeftError('WEFT_PINGLIST', `${file} has ${size} bytes, the limit is ${MAX_PINGLIST_BYTES}`);
  }
  const { data, locate } = readDocument(await readFile(file, { encoding: 'utf8', signal }), file);
  const source = { file, locate };
  if (!isPingweave(data)) return { pinglist: parsePinglist(data, source), warnings: [], madeFor: undefined };
  const { warnings, ...pinglist } = parsePingweave(data, { source, ...host });
  return { pinglist, warnings, madeFor: host.localAddresses };
}
