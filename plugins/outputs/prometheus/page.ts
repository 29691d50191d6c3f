/** The page of one scrape, in either format: the exporter's own metrics, then every family of the table. */

import type { Bounds } from './bounds.js';
import { ByteList } from './byte-list.js';
import type { PageWriter } from './page-writer.js';
import { protobufHeader, protobufSamples } from './protobuf.js';
import type { Family, Group, SeriesTable } from './series-table.js';
import { textHeader, textSamples } from './text.js';

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
  for (const { group, family } of families(table)) {
    const metrics = new ByteList();
    for (const row of group.rows.values()) {
      protobufSamples(metrics, family, row, classic);
      if (page.isTurnDue) await page.turn();
    }
    if (metrics.length === 0) continue;
    page.bytes(protobufHeader(family, metrics.length));
    for (const chunk of metrics.chunks()) {
      page.bytes(chunk);
      if (page.isTurnDue) await page.turn();
    }
  }
}

function* families(table: SeriesTable): Iterable<{ group: Group; family: Family }> {
  for (const group of table.groups()) {
    for (const family of group.families.values()) yield { group, family };
  }
}
