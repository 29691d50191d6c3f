/** The page of one scrape: what is on it, and how it is written as text. */

import type { Bounds } from './bounds.js';
import type { PageWriter } from './page-writer.js';
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

/** Every family of the table, in the order of the page. */
export function* families(table: SeriesTable): Iterable<{ group: Group; family: Family }> {
  for (const group of table.groups()) {
    for (const family of group.families.values()) yield { group, family };
  }
}
