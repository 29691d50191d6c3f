/**
 * The protobuf exposition format (io.prometheus.client.MetricFamily, delimited), which is the only one that carries
 * native histograms. Field numbers are those of prometheus/client_model, io/prometheus/client/metrics.proto.
 */

import protobuf from 'protobufjs/minimal.js';
import { type Distribution, SCALE } from '../../../core/distribution.js';
import type { Bounds } from './bounds.js';
import { type Label, labelsOf } from './labels.js';
import type { FamilyType } from './naming.js';
import type { Family, Group, Row } from './series-table.js';

export type Writer = protobuf.Writer;

/** A writer for the metrics of a family; `reset` makes it ready for the next one. */
export const createWriter = (): Writer => protobuf.Writer.create();

const VARINT = 0;
const FIXED64 = 1;
const LENGTH = 2;
const tag = (field: number, wireType: number): number => (field << 3) | wireType;

const FAMILY = { name: 1, help: 2, type: 3, metric: 4 } as const;
const TYPE: Readonly<Record<FamilyType, number>> = { counter: 0, gauge: 1, histogram: 4 };
const METRIC = { label: 1, gauge: 2, counter: 3, histogram: 7 } as const;
const HISTOGRAM = {
  sampleCount: 1,
  sampleSum: 2,
  bucket: 3,
  schema: 5,
  zeroThreshold: 6,
  zeroCount: 7,
  positiveSpan: 12,
  positiveDelta: 13,
} as const;
/** Distributions hold whole nanoseconds: what is below 2^-30 s is zero. */
const ZERO_THRESHOLD = 2 ** -30;
/** Prometheus numbers the buckets of a schema by their upper bound, OpenTelemetry by their lower one. */
const INDEX_SHIFT = 1;

/** The start of a delimited MetricFamily message whose metrics, `metricBytes` in all, follow it. */
export function protobufHeader(
  family: { name: string; help: string; type: FamilyType },
  metricBytes: number,
): Uint8Array {
  const body = createWriter();
  body.uint32(tag(FAMILY.name, LENGTH)).string(family.name);
  body.uint32(tag(FAMILY.help, LENGTH)).string(family.help);
  body.uint32(tag(FAMILY.type, VARINT)).uint32(TYPE[family.type]);
  const bytes = body.finish(true);
  return createWriter()
    .uint32(bytes.length + metricBytes)
    .raw(bytes)
    .finish();
}

/** Appends all samples of one series in one family, as `metric` fields of a MetricFamily. */
export function protobufSamples(
  writer: Writer,
  group: Group,
  family: Family,
  row: Row,
  classic: Bounds | undefined,
): void {
  for (const { slot, shape } of family.columns) {
    const cell = row.cells[slot];
    const value = typeof cell === 'object' ? cell.native : cell;
    if (value === undefined) continue;
    row.encodedLabels ??= encodeLabels(labelsOf(row.tags, group.taken) ?? []);
    writer.uint32(tag(FAMILY.metric, LENGTH)).fork().raw(row.encodedLabels);
    if (shape.label !== undefined) label(writer, shape.label);
    if (typeof value === 'object') nativeHistogram(writer, value, classic);
    else plainValue(writer, shape.type === 'counter' ? METRIC.counter : METRIC.gauge, value / shape.divisor);
    writer.ldelim();
  }
}

/** Appends a value of a family that is not in the table: the exporter's own few. */
export function protobufValue(
  writer: Writer,
  type: 'counter' | 'gauge',
  labels: readonly Label[],
  value: number,
): void {
  writer.uint32(tag(FAMILY.metric, LENGTH)).fork().raw(encodeLabels(labels));
  plainValue(writer, METRIC[type], value);
  writer.ldelim();
}

export interface ClassicHistogram {
  readonly count: number;
  readonly sum: number;
  /** Ascending, without +Inf. */
  readonly bounds: readonly number[];
  /** Cumulative. */
  readonly counts: readonly number[];
}

/** Appends a classic histogram that is not in the table. */
export function protobufClassic(writer: Writer, labels: readonly Label[], histogram: ClassicHistogram): void {
  writer.uint32(tag(FAMILY.metric, LENGTH)).fork().raw(encodeLabels(labels));
  writer.uint32(tag(METRIC.histogram, LENGTH)).fork();
  writer.uint32(tag(HISTOGRAM.sampleCount, VARINT)).uint64(histogram.count);
  writer.uint32(tag(HISTOGRAM.sampleSum, FIXED64)).double(histogram.sum);
  classicBuckets(writer, histogram);
  writer.ldelim().ldelim();
}

function encodeLabels(labels: readonly Label[]): Uint8Array {
  const writer = createWriter();
  for (const pair of labels) label(writer, pair);
  return writer.finish();
}

function label(writer: Writer, [name, value]: Label): void {
  writer.uint32(tag(METRIC.label, LENGTH)).fork();
  writer.uint32(tag(1, LENGTH)).string(name).uint32(tag(2, LENGTH)).string(value).ldelim();
}

function plainValue(writer: Writer, field: number, value: number): void {
  writer.uint32(tag(field, LENGTH)).fork().uint32(tag(1, FIXED64)).double(value).ldelim();
}

function nativeHistogram(writer: Writer, cell: Distribution, classic: Bounds | undefined): void {
  writer.uint32(tag(METRIC.histogram, LENGTH)).fork();
  writer.uint32(tag(HISTOGRAM.sampleCount, VARINT)).uint64(cell.count);
  writer.uint32(tag(HISTOGRAM.sampleSum, FIXED64)).double(cell.sumNsNumber / 1e9);
  if (classic !== undefined) classicBuckets(writer, { bounds: classic.seconds, counts: classic.cumulate(cell) });
  writer.uint32(tag(HISTOGRAM.schema, VARINT)).sint32(SCALE);
  writer.uint32(tag(HISTOGRAM.zeroThreshold, FIXED64)).double(ZERO_THRESHOLD);
  writer.uint32(tag(HISTOGRAM.zeroCount, VARINT)).uint64(cell.zeroCount);
  nativeBuckets(writer, cell);
  writer.ldelim();
}

/** Runs of populated buckets as spans (gap before the run, length), counts as differences to the bucket before. */
function nativeBuckets(writer: Writer, cell: Distribution): void {
  const deltas: number[] = [];
  let next = 0;
  let start = 0;
  let previous = 0;
  let length = 0;
  const endSpan = (): void => {
    if (length === 0) return;
    writer.uint32(tag(HISTOGRAM.positiveSpan, LENGTH)).fork();
    writer.uint32(tag(1, VARINT)).sint32(start).uint32(tag(2, VARINT)).uint32(length).ldelim();
  };
  cell.forEachBucket((index, count) => {
    const position = index + INDEX_SHIFT;
    if (position !== next || length === 0) {
      endSpan();
      start = position - next;
      length = 0;
    }
    deltas.push(count - previous);
    previous = count;
    next = position + 1;
    length += 1;
  });
  endSpan();
  if (length === 0) return;
  writer.uint32(tag(HISTOGRAM.positiveDelta, LENGTH)).fork();
  // The same bytes where both are possible, but sint64 makes an object of every number.
  for (const delta of deltas) delta === (delta | 0) ? writer.sint32(delta) : writer.sint64(delta);
  writer.ldelim();
}

function classicBuckets(writer: Writer, { bounds, counts }: Pick<ClassicHistogram, 'bounds' | 'counts'>): void {
  for (let i = 0; i < bounds.length; i += 1) {
    writer.uint32(tag(HISTOGRAM.bucket, LENGTH)).fork();
    writer.uint32(tag(1, VARINT)).uint64(counts[i] ?? 0);
    writer
      .uint32(tag(2, FIXED64))
      .double(bounds[i] ?? 0)
      .ldelim();
  }
}
