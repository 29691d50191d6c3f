/** From `probe` metrics to rows. One row for each source and window, in the order in which they come first. */

import type { Distribution } from '../../../core/distribution.js';
import type { Field, Metric, Tags } from '../../../core/metric.js';
import { isoTime } from '../iso-time.js';
import {
  Balance,
  DEFAULT_UNITS,
  type DistributionForm,
  DST_LABEL,
  type FieldName,
  type GroupForm,
  isFurtherTag,
  isName,
  isValue,
  isWholeCount,
  type LabelPrefix,
  labelOf,
  ROW_LIMITS,
  ROW_VERSION,
  type RowForm,
  type RowsDocument,
  SRC_LABEL,
  type TargetForm,
} from './row.js';

export interface EncodedRow {
  readonly row: RowForm;
  /** Of its metrics, into what was encoded; ascending. */
  readonly indices: readonly number[];
}

/** A metric that no row can hold. */
export interface Misfit {
  readonly index: number;
  readonly reason: string;
}

export interface EncodedRows {
  readonly rows: readonly EncodedRow[];
  readonly misfits: readonly Misfit[];
}

const NS_PER_MS = 1_000_000n;
/** The year 10 000: its ISO form has more digits. */
const END_OF_TIME_NS = 253_402_300_800_000n * NS_PER_MS;

/** All of `metrics` are `probe` metrics of windows of `windowMs`, and carry the window's end as their time. */
export function encodeRows(metrics: readonly Metric[], windowMs: number): EncodedRows {
  const open = new Map<string, RowBuilder>();
  const rows: RowBuilder[] = [];
  const misfits: Misfit[] = [];
  for (const [index, metric] of metrics.entries()) {
    const reason = misfitOf(metric, windowMs);
    if (reason !== undefined) {
      misfits.push({ index, reason });
      continue;
    }
    const labels = labelsOf(metric.tags, SRC_LABEL);
    const key = JSON.stringify([metric.tags.src, String(metric.timeNs), ...Object.entries(labels ?? {}).flat()]);
    let row = open.get(key);
    if (row === undefined || row.isFull) {
      row = new RowBuilder(metric, windowMs, labels);
      open.set(key, row);
      rows.push(row);
    }
    row.add(metric, index);
  }
  return { rows: rows.map((row) => row.end()), misfits };
}

export function rowsDocument(rows: readonly EncodedRow[]): RowsDocument {
  return { version: ROW_VERSION, rows: rows.map(({ row }) => row) };
}

class RowBuilder {
  readonly #head: Omit<RowForm, 'groups'>;
  readonly #groups = new Map<string, GroupForm & { readonly targets: TargetForm[] }>();
  readonly #indices: number[] = [];

  constructor({ tags, timeNs }: Metric, windowMs: number, labels: Record<string, string> | undefined) {
    const start = isoTime(timeNs - BigInt(windowMs) * NS_PER_MS);
    this.#head = {
      src: tags.src ?? '',
      window: { start, length_ms: windowMs },
      ...(labels !== undefined && { labels }),
    };
  }

  get isFull(): boolean {
    return this.#indices.length >= ROW_LIMITS.targets || this.#groups.size >= ROW_LIMITS.groups;
  }

  add(metric: Metric, index: number): void {
    const head = groupHead(metric);
    const key = JSON.stringify(head);
    let group = this.#groups.get(key);
    if (group === undefined) {
      group = { ...head, targets: [] };
      this.#groups.set(key, group);
    }
    group.targets.push(targetOf(metric));
    this.#indices.push(index);
  }

  end(): EncodedRow {
    return { row: { ...this.#head, groups: [...this.#groups.values()] }, indices: this.#indices };
  }
}

/** What is wrong with it; undefined when nothing is. */
function misfitOf({ tags, fields, timeNs }: Metric, windowMs: number): string | undefined {
  for (const tag of ['src', 'dst', 'transport']) {
    if ((tags[tag] ?? '') === '') return `it has no tag ${tag}`;
  }
  const names = Object.entries(tags);
  if (names.length > ROW_LIMITS.labels) return `it has ${names.length} tags, more than ${ROW_LIMITS.labels}`;
  for (const [name, value] of names) {
    if (!isName(name) || !isValue(value))
      return `the tag ${name.slice(0, ROW_LIMITS.nameChars)} is too long, or no name`;
  }
  if (timeNs < BigInt(windowMs) * NS_PER_MS || timeNs >= END_OF_TIME_NS) return `its time is no time of a window`;
  const entries = Object.entries(fields);
  if (entries.length > ROW_LIMITS.fields) return `it has ${entries.length} fields, more than ${ROW_LIMITS.fields}`;
  const balance = new Balance();
  for (const [name, field] of entries) if (field.kind === 'count') balance.note(name, field.value);
  for (const [name, field] of entries) {
    if (!isName(name)) return `the field ${name.slice(0, ROW_LIMITS.nameChars)} is too long, or no name`;
    const fault = fieldFault(field, balance.success);
    if (fault !== undefined) return `the field ${name} ${fault}`;
  }
  return balance.fault();
}

function fieldFault(field: Field, success: number | undefined): string | undefined {
  switch (field.kind) {
    case 'count':
      return isWholeCount(field.value) && isName(field.unit) ? undefined : 'is no whole number of things';
    case 'gauge':
      return Number.isFinite(field.value) && isName(field.unit) ? undefined : 'is no finite number';
    case 'text':
      return isValue(field.value) ? undefined : 'is too long';
    case 'distribution':
      return field.value.count <= (success ?? field.value.count) ? undefined : 'has more values than probes succeeded';
  }
}

/** Undefined when there is none. An empty tag is an absent one. */
function labelsOf(tags: Tags, prefix: LabelPrefix): Record<string, string> | undefined {
  let labels: Record<string, string> | undefined;
  for (const tag in tags) {
    const [label, value] = [labelOf(tag, prefix), tags[tag]];
    if (label === undefined || !value) continue;
    labels ??= {};
    labels[label] = value;
  }
  return labels;
}

function groupHead({ tags, fields }: Metric): Omit<GroupForm, 'targets'> {
  const names: Record<Field['kind'], FieldName[]> = { count: [], gauge: [], text: [], distribution: [] };
  for (const name in fields) {
    const field = fields[name];
    if (field !== undefined) names[field.kind].push(nameOf(name, field));
  }
  const further = furtherTags(tags);
  return {
    transport: tags.transport ?? '',
    ...(tags.clock && { clock: tags.clock }),
    ...(tags.mode && { mode: tags.mode }),
    ...(further !== undefined && { tags: further }),
    ...(names.count.length > 0 && { counts: names.count }),
    ...(names.gauge.length > 0 && { gauges: names.gauge }),
    ...(names.text.length > 0 && { texts: names.text as string[] }),
    ...(names.distribution.length > 0 && { distributions: names.distribution as string[] }),
  };
}

function nameOf(name: string, field: Field): FieldName {
  if (field.kind === 'count' && field.unit !== DEFAULT_UNITS.counts) return [name, field.unit];
  if (field.kind === 'gauge' && field.unit !== DEFAULT_UNITS.gauges) return [name, field.unit];
  return name;
}

function furtherTags(tags: Tags): Record<string, string> | undefined {
  let further: Record<string, string> | undefined;
  for (const tag in tags) {
    const value = tags[tag];
    if (!value || !isFurtherTag(tag)) continue;
    further ??= {};
    further[tag] = value;
  }
  return further;
}

function targetOf({ tags, fields }: Metric): TargetForm {
  const counts: number[] = [];
  const gauges: number[] = [];
  const texts: string[] = [];
  const distributions: DistributionForm[] = [];
  for (const name in fields) {
    const field = fields[name];
    if (field?.kind === 'count') counts.push(field.value);
    else if (field?.kind === 'gauge') gauges.push(field.value);
    else if (field?.kind === 'text') texts.push(field.value);
    else if (field !== undefined) distributions.push(distributionForm(field.value));
  }
  const labels = labelsOf(tags, DST_LABEL);
  return {
    dst: tags.dst ?? '',
    ...(tags.path && { path: tags.path }),
    ...(labels !== undefined && { labels }),
    ...(counts.length > 0 && { counts }),
    ...(gauges.length > 0 && { gauges }),
    ...(texts.length > 0 && { texts }),
    ...(distributions.length > 0 && { distributions }),
  };
}

function distributionForm(distribution: Distribution): DistributionForm {
  const buckets: number[] = [];
  distribution.forEachBucket((index, count) => buckets.push(index, count));
  const { count, minNs: min, maxNs: max, sumNsNumber } = distribution;
  const sum = Number.isSafeInteger(sumNsNumber) ? sumNsNumber : String(distribution.sumNs);
  return { count, sum, min, max, buckets };
}
