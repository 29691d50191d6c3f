/**
 * What the output remembers between scrapes: running totals of every series. One row per series of the pipeline (name
 * and tags), one column per field, so that ten thousand targets with ten fields each are ten thousand rows that hold
 * their labels once, and not a hundred thousand objects.
 */

import { type Field, isEndOfSeries, type Metric, seriesKey, type Tags } from '../../../core/metric.js';
import type { Bounds } from './bounds.js';
import { type Detail, HistogramTotal } from './histogram-total.js';
import { formatLabels, labelsOf } from './labels.js';
import { type FamilyType, type NumericField, type Shape, shapeOf, takenLabels } from './naming.js';

/** Why something of a metric is not served. Each one is counted. */
export const DROP_REASONS = [
  'text_field',
  'not_finite',
  'kind_changed',
  'name_taken',
  'labels_taken',
  'max_series',
  'max_families',
] as const;
export type DropReason = (typeof DROP_REASONS)[number];

/** One field of one series: a running total, the last value of a gauge, or everything recorded so far. */
export type Cell = number | HistogramTotal | undefined;

export interface Row {
  readonly tags: Tags;
  /** The labels in the text format, without braces. */
  readonly labels: string;
  readonly cells: Cell[];
  /** The labels in the protobuf format; made at the first scrape that needs them. */
  encodedLabels?: Uint8Array;
  seenMs: number;
  /** Smoothed time between two metrics of this series; 0 until there were two. */
  intervalMs: number;
}

export interface Column {
  readonly slot: number;
  readonly kind: NumericField['kind'];
  readonly unit: string;
  readonly shape: Shape;
}

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: FamilyType;
  readonly columns: Column[];
}

/** All series of one metric name. */
export interface Group {
  readonly name: string;
  /** Labels that tags of this metric cannot have. */
  readonly taken: readonly string[];
  readonly families: Map<string, Family>;
  readonly columns: Map<string, Column | DropReason>;
  readonly rows: Map<string, Row>;
  readonly labels: Set<string>;
}

export interface TableOptions {
  /** 0: three times the interval of the series. */
  readonly expiryMs: number;
  /** Length of a window: no series is expected more often. */
  readonly windowMs: number;
  readonly maxSeries: number;
  readonly bounds: Bounds;
  /** What is kept of histograms at first: see `keep`. */
  readonly detail: Detail;
  /** Whether a family of this name is served by somebody else. */
  readonly isReserved: (name: string) => boolean;
  readonly onDrop: (reason: DropReason) => void;
}

/** More names than this come from a plugin that makes names up. */
const MAX_FAMILIES = 5_000;
const MISSED_INTERVALS = 3;
/** A series that was seen once has no interval yet. */
const FIRST_EXPIRY_MS = 300_000;

export class SeriesTable {
  readonly #options: TableOptions;
  readonly #groups = new Map<string, Group>();
  /** Names of all samples that are served. */
  readonly #names = new Set<string>();
  #size = 0;
  #detail: Detail;

  constructor(options: TableOptions) {
    this.#options = options;
    this.#detail = options.detail;
  }

  /** Number of series held. */
  get size(): number {
    return this.#size;
  }

  groups(): Iterable<Group> {
    return this.#groups.values();
  }

  /** Adds a metric to the totals; one without fields ends its series. `nowMs` is monotonic. */
  apply(metric: Metric, nowMs: number): void {
    const { onDrop } = this.#options;
    const key = seriesKey(metric);
    if (isEndOfSeries(metric)) {
      this.#remove(metric.name, key);
      return;
    }
    const group = this.#groups.get(metric.name) ?? newGroup(metric.name);
    const row = group.rows.get(key) ?? this.#addRow(group, key, metric, nowMs);
    if (typeof row === 'string') {
      onDrop(row);
      return;
    }
    noteArrival(row, nowMs, this.#options.windowMs);
    for (const name in metric.fields) {
      const field = metric.fields[name];
      const dropped = field && this.#applyField(group, row, name, field);
      if (dropped !== undefined) onDrop(dropped);
    }
  }

  /** Changes what is kept of all histograms, those to come included; each follows with its next metric. */
  keep(detail: Detail): void {
    this.#detail = detail;
  }

  /** Forgets the series whose metrics ceased. */
  expire(nowMs: number): void {
    for (const group of this.#groups.values()) {
      for (const [key, row] of group.rows) {
        if (nowMs - row.seenMs > this.#patienceMs(row)) this.#remove(group.name, key);
      }
    }
  }

  #patienceMs(row: Row): number {
    const { expiryMs, windowMs } = this.#options;
    if (expiryMs > 0) return expiryMs;
    if (row.intervalMs === 0) return Math.max(FIRST_EXPIRY_MS, MISSED_INTERVALS * windowMs);
    return MISSED_INTERVALS * Math.max(row.intervalMs, windowMs);
  }

  #addRow(group: Group, key: string, metric: Metric, nowMs: number): Row | DropReason {
    if (this.#size >= this.#options.maxSeries) return 'max_series';
    const labelList = labelsOf(metric.tags, group.taken);
    if (labelList === undefined) return 'labels_taken';
    const labels = formatLabels(labelList);
    if (group.labels.has(labels)) return 'labels_taken';
    const row: Row = { tags: metric.tags, labels, cells: [], seenMs: nowMs, intervalMs: 0 };
    this.#groups.set(group.name, group);
    group.rows.set(key, row);
    group.labels.add(labels);
    this.#size += 1;
    return row;
  }

  #remove(name: string, key: string): void {
    const group = this.#groups.get(name);
    const row = group?.rows.get(key);
    if (group === undefined || row === undefined) return;
    group.rows.delete(key);
    group.labels.delete(row.labels);
    this.#size -= 1;
    if (group.rows.size > 0) return;
    this.#groups.delete(name);
    for (const family of group.families.values()) for (const sample of sampleNames(family)) this.#names.delete(sample);
  }

  /** Returns why the field is not served, if it is not. */
  #applyField(group: Group, row: Row, name: string, field: Field): DropReason | undefined {
    if (field.kind === 'text') return 'text_field';
    let column = group.columns.get(name);
    if (column === undefined) {
      if (group.columns.size >= MAX_FAMILIES) return 'max_families';
      column = this.#addColumn(group, name, field);
      group.columns.set(name, column);
    }
    if (typeof column === 'string') return column;
    if (column.kind !== field.kind || column.unit !== field.unit) return 'kind_changed';
    const cell = row.cells[column.slot];
    if (field.kind === 'distribution') {
      const { bounds } = this.#options;
      const total = typeof cell === 'object' ? cell : new HistogramTotal();
      total.add(field.value, bounds, this.#detail);
      row.cells[column.slot] = total;
      return undefined;
    }
    if (!Number.isFinite(field.value) || (field.kind === 'count' && field.value < 0)) return 'not_finite';
    const total = field.kind === 'count' && typeof cell === 'number' ? cell : 0;
    row.cells[column.slot] = total + field.value;
    return undefined;
  }

  #addColumn(group: Group, name: string, field: NumericField): Column | DropReason {
    const shape = shapeOf(group.name, name, field);
    const family = group.families.get(shape.family) ?? this.#addFamily(group, shape);
    if (typeof family === 'string') return family;
    const clash = family.columns.some((other) => other.shape.label?.[1] === shape.label?.[1]);
    if (family.type !== shape.type || clash) return 'name_taken';
    const column = { slot: group.columns.size, kind: field.kind, unit: field.unit, shape };
    family.columns.push(column);
    return column;
  }

  #addFamily(group: Group, shape: Shape): Family | DropReason {
    if (this.#names.size >= MAX_FAMILIES) return 'max_families';
    const family: Family = { name: shape.family, help: shape.help, type: shape.type, columns: [] };
    const names = sampleNames(family);
    if (names.some((sample) => this.#names.has(sample) || this.#options.isReserved(sample))) return 'name_taken';
    for (const sample of names) this.#names.add(sample);
    group.families.set(family.name, family);
    return family;
  }
}

function newGroup(name: string): Group {
  return {
    name,
    taken: takenLabels(name),
    families: new Map(),
    columns: new Map(),
    rows: new Map(),
    labels: new Set(),
  };
}

function sampleNames({ name, type }: Pick<Family, 'name' | 'type'>): string[] {
  return type === 'histogram' ? [name, `${name}_bucket`, `${name}_sum`, `${name}_count`] : [name];
}

/**
 * A longer gap counts at once; shorter ones shorten the interval in proportion to their own length. Gaps that no window
 * explains are between windows written in one go (a long flush interval, a retry): they say nothing.
 */
function noteArrival(row: Row, nowMs: number, windowMs: number): void {
  const gapMs = nowMs - row.seenMs;
  row.seenMs = nowMs;
  if (gapMs < windowMs / 2) return;
  if (gapMs >= row.intervalMs) row.intervalMs = gapMs;
  else row.intervalMs -= (row.intervalMs - gapMs) * (gapMs / row.intervalMs);
}
