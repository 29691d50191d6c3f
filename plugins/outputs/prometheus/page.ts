/** The page of one scrape, in either format: the exporter's own metrics, then every family of the table. */

import type { Bounds } from './bounds.js';
import type { PageWriter } from './page-writer.js';
import { createWriter, protobufHeader, protobufSamples } from './protobuf.js';
import type { Family, Group, SeriesTable } from './series-table.js';
import { textHeader, textSamples } from './text.js';

const PIECE_BYTES = 64 * 1024;

/** Series that come and go while the page is under way may be on it or not; each that is shows one state. */
export async function writeText(page: PageWriter, table: SeriesTable, bounds: Bounds): Promise<void> {
  for (const { group, family } of families(table)) {
    let header = textHeader(family);
    for (const row of group.rows.values()) {
      const samples = textSamples(family, row, bounds);
      if (samples === '') continue;
      page.text(header + samples);
      header = '';
      if (page.isTurnDue) await page.turn();
    }
  }
}

/** `classic` asks for classic buckets beside the native ones. */
export async function writeProtobuf(page: PageWriter, table: SeriesTable, classic: Bounds | undefined): Promise<void> {
  const metrics = createWriter();
  for (const { group, family } of families(table)) {
    metrics.reset();
    for (const row of group.rows.values()) {
      protobufSamples(metrics, group, family, row, classic);
      if (page.isTurnDue) await page.turn();
    }
    // The length of a message stands before it, so a family is complete in memory before its first byte leaves.
    const bytes = metrics.finish(true);
    if (bytes.length === 0) continue;
    page.bytes(protobufHeader(family, bytes.length));
    for (let from = 0; from < bytes.length; from += PIECE_BYTES) {
      page.bytes(bytes.subarray(from, from + PIECE_BYTES));
      if (page.isTurnDue) await page.turn();
    }
  }
}

function* families(table: SeriesTable): Iterable<{ group: Group; family: Family }> {
  for (const group of table.groups()) {
    for (const family of group.families.values()) yield { group, family };
  }
}
