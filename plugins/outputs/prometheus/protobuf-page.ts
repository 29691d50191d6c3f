/** The page of one scrape in protobuf. Loaded when the first scraper asks for it: most take the text. */

import type { Bounds } from './bounds.js';
import type { Label } from './labels.js';
import type { OwnFamily } from './own-metrics.js';
import { families } from './page.js';
import type { PageWriter } from './page-writer.js';
import {
  createWriter,
  protobufClassic,
  protobufHeader,
  protobufSamples,
  protobufValue,
  type Writer,
} from './protobuf.js';
import type { SeriesTable } from './series-table.js';

const PIECE_BYTES = 64 * 1024;

/** The exporter's own metrics. */
export function ownProtobuf(own: readonly OwnFamily[]): Uint8Array {
  const page = createWriter();
  for (const family of own) appendFamily(page, family);
  return page.finish();
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

function appendFamily(page: Writer, family: OwnFamily): void {
  const metrics = createWriter();
  if (family.type === 'histogram') appendHistograms(metrics, family);
  else for (const { labels, value } of family.values) protobufValue(metrics, family.type, labelsOf(labels), value);
  const bytes = metrics.finish();
  if (bytes.length > 0) page.raw(protobufHeader(family, bytes.length)).raw(bytes);
}

/** Puts the pieces of histograms together again. */
function appendHistograms(metrics: Writer, family: OwnFamily): void {
  const histograms = new Map<
    string,
    { labels: readonly Label[]; count: number; sum: number; bounds: number[]; counts: number[] }
  >();
  for (const { labels, value, metricName } of family.values) {
    const { le, ...rest } = labels;
    const key = JSON.stringify(rest);
    const histogram = histograms.get(key) ?? { labels: labelsOf(rest), count: 0, sum: 0, bounds: [], counts: [] };
    histograms.set(key, histogram);
    if (metricName === `${family.name}_count`) histogram.count = value;
    else if (metricName === `${family.name}_sum`) histogram.sum = value;
    else if (le !== '+Inf') {
      histogram.bounds.push(Number(le));
      histogram.counts.push(value);
    }
  }
  for (const histogram of histograms.values()) protobufClassic(metrics, histogram.labels, histogram);
}

function labelsOf(labels: Readonly<Record<string, string | number>>): Label[] {
  return Object.entries(labels).map(([name, value]) => [name, String(value)] as const);
}
