/** Makes points of a batch: one for each field of each metric. */

import { setImmediate } from 'node:timers/promises';
import type { HrTime } from '@opentelemetry/api';
import { type Distribution, SCALE } from '../../../core/distribution.js';
import type { Rejection } from '../../../core/errors.js';
import { type Field, isEndOfSeries, type Metric, type Tags } from '../../../core/metric.js';
import type { NumericField } from './naming.js';
import { type HistogramValue, type Stream, Streams } from './streams.js';
import type { Draft } from './totals.js';

export const DROP_REASONS = ['text_field', 'invalid', 'max_series'] as const;
export type DropReason = (typeof DROP_REASONS)[number];

export interface Encoded {
  readonly streams: readonly Stream[];
  /** Number of points of each metric of the batch. */
  readonly pointsOf: readonly number[];
  /** Metrics that said something and of which no point could be made. */
  readonly rejected: readonly Rejection[];
  /** Fields left out, by reason, of metrics that are sent without them. */
  readonly dropped: ReadonlyMap<DropReason, number>;
}

/** Metrics that become points between two looks at the rest of the world. */
const METRICS_PER_SLICE = 100;
const NS_PER_S = 1_000_000_000n;
const MAX_TIME_NS = 2n ** 64n;

/** Reads every field through `draft`, which then holds what these points say. */
export async function encode(batch: readonly Metric[], draft: Draft): Promise<Encoded> {
  const streams = new Streams();
  const pointsOf: number[] = [];
  const rejected: Rejection[] = [];
  const dropped = new Map<DropReason, number>();
  for (const [index, metric] of batch.entries()) {
    if (index % METRICS_PER_SLICE === 0) await setImmediate();
    const reasons: DropReason[] = [];
    const made = encodeMetric(metric, draft, streams, reasons);
    pointsOf.push(made);
    const [reason] = reasons;
    if (made === 0 && reason !== undefined) rejected.push({ index, reason });
    else for (const each of reasons) dropped.set(each, (dropped.get(each) ?? 0) + 1);
  }
  return { streams: streams.all(), pointsOf, rejected, dropped };
}

/** Returns how many points it became; what could not become one is told in `reasons`, a field at a time. */
function encodeMetric(metric: Metric, draft: Draft, streams: Streams, reasons: DropReason[]): number {
  if (isEndOfSeries(metric)) {
    draft.end(metric);
    return 0;
  }
  const { name, tags, fields, timeNs } = metric;
  const isSound = timeNs >= 0n && timeNs < MAX_TIME_NS && areUnicode([name, ...Object.entries(tags).flat()]);
  const sendable: (readonly [string, NumericField])[] = [];
  for (const key in fields) {
    const field = fields[key];
    if (field === undefined) continue;
    const fault = isSound && !UNPAIRED.test(key) ? faultOf(field) : 'invalid';
    if (fault !== undefined) reasons.push(fault);
    else if (field.kind !== 'text') sendable.push([key, field]);
  }
  if (sendable.length === 0) return 0;
  const entry = draft.enter(metric);
  if (entry === undefined) {
    reasons.unshift('max_series');
    return 0;
  }
  const columns = streams.columns(name);
  const endTime = hrTime(timeNs);
  const common = attributesOf(tags);
  // Most fields of a metric began together.
  let start = { ns: timeNs, time: endTime };
  let made = 0;
  for (const [key, field] of sendable) {
    const reading = entry.read(key, field);
    if (reading === undefined) continue;
    const { startNs, value } = reading;
    const column = columns.get(key, field);
    if (startNs !== start.ns) start = { ns: startNs, time: hrTime(startNs) };
    const place = { attributes: withResult(common, column.shape.result), startTime: start.time, endTime };
    if (typeof value === 'object') column.histogram.push({ ...place, value: histogramValue(value) });
    else column.numbers(value).push({ ...place, value: value / column.shape.divisor });
    made += 1;
  }
  return made;
}

/** Half of a surrogate pair has no form in UTF-8: the receiver would get a sign in its place, the same for all halves. */
const UNPAIRED = /\p{Surrogate}/u;

function areUnicode(texts: readonly string[]): boolean {
  return !texts.some((text) => UNPAIRED.test(text));
}

function faultOf(field: Field): DropReason | undefined {
  if (field.kind === 'text') return 'text_field';
  if (field.kind === 'distribution') return undefined;
  const isSound = Number.isFinite(field.value) && (field.kind === 'gauge' || field.value >= 0);
  return isSound ? undefined : 'invalid';
}

/** Index i is (2^(i/32), 2^((i+1)/32)] s to both, so nothing is shifted or recounted. The zero bucket holds exact zeros. */
function histogramValue(distribution: Distribution): HistogramValue {
  const { offset, counts } = distribution.denseBuckets();
  const ends = distribution.count === 0 ? {} : { min: distribution.minNs / 1e9, max: distribution.maxNs / 1e9 };
  return {
    count: distribution.count,
    sum: distribution.sumNsNumber / 1e9,
    ...ends,
    scale: SCALE,
    zeroCount: distribution.zeroCount,
    positive: { offset, bucketCounts: counts },
    negative: { offset: 0, bucketCounts: [] },
  };
}

/** Plain objects with the same keys, since V8 reads those fastest, and there is one a point. */
function attributesOf(tags: Tags): Record<string, string> {
  const attributes: Record<string, string> = {};
  for (const tag in tags) {
    const value = tags[tag];
    if (value === undefined || value === '') continue;
    if (tag !== '__proto__') attributes[tag] = value;
    else Object.defineProperty(attributes, tag, { value, enumerable: true });
  }
  return attributes;
}

/** A tag of that name, which inputs of weft do not have, moves aside. */
function withResult(common: Record<string, string>, result: string | undefined): Record<string, string> {
  if (result === undefined) return common;
  if (common.result === undefined) return { ...common, result };
  return { ...common, result_: common.result, result };
}

function hrTime(ns: bigint): HrTime {
  return [Number(ns / NS_PER_S), Number(ns % NS_PER_S)];
}
