import assert from 'node:assert/strict';
import { test } from 'node:test';
import { count, distribution, type Fields, gauge, type Metric, type Tags } from '../../../../core/metric.js';
import { Bounds } from '../../../../plugins/outputs/prometheus/bounds.js';
import {
  type Cell,
  type DropReason,
  SeriesTable,
  type TableOptions,
} from '../../../../plugins/outputs/prometheus/series-table.js';
import { recorded } from './exporter.js';

const WINDOW_MS = 10_000;

function table(options: Partial<TableOptions> = {}) {
  const drops: DropReason[] = [];
  const onDrop = (reason: DropReason): void => void drops.push(reason);
  const limits = { expiryMs: 0, windowMs: WINDOW_MS, maxSeries: 10, isReserved: () => false };
  const histograms = { bounds: new Bounds([1e-6, 1e-3]), detail: 'fine' } as const;
  return { table: new SeriesTable({ ...limits, ...histograms, onDrop, ...options }), drops };
}

const metric = (fields: Fields, tags: Tags = {}, name = 'm'): Metric => ({ name, tags, fields, timeNs: 0n });
const families = (it: SeriesTable): string[] => [...it.groups()].flatMap((group) => [...group.families.keys()]);

const cellsOf = (it: SeriesTable): Cell[] =>
  [...it.groups()].flatMap((group) =>
    [...group.rows.values()].flatMap((row) => row.cells.filter((cell) => cell !== undefined)),
  );

test('a distribution that was handed over is not changed', () => {
  const { table: it } = table();
  const first = recorded(1);
  it.apply(metric({ d: distribution(first) }), 0);
  it.apply(metric({ d: distribution(recorded(2)) }), 0);
  assert.equal(first.count, 1);
  assert.deepEqual(
    cellsOf(it).map((cell) => typeof cell === 'object' && cell.count),
    [2],
  );
});

test('names: the first has them, until its last series ends', () => {
  const { table: it, drops } = table({ isReserved: (name) => name === '_own_total' });
  it.apply(metric({ b_c: gauge(1) }, {}, 'a'), 0);
  it.apply(metric({ c: gauge(1) }, {}, 'a_b'), 0);
  it.apply(metric({ own: count(1) }, {}, ''), 0);
  it.apply(metric({ h: distribution(recorded(1)) }), 0);
  it.apply(metric({ h_seconds_count: gauge(1) }), 0);
  assert.deepEqual(drops, ['name_taken', 'name_taken', 'name_taken']);
  assert.deepEqual(families(it), ['a_b_c', 'm_h_seconds']);
  it.apply(metric({}, {}, 'a'), 0);
  it.apply(metric({}, {}, 'a_b'), 0);
  it.apply(metric({ c: gauge(1) }, {}, 'a_b'), 0);
  assert.ok(families(it).includes('a_b_c'));
});

test('an end of an unknown series is nothing', () => {
  const { table: it, drops } = table();
  it.apply(metric({}), 0);
  assert.deepEqual([it.size, drops], [0, []]);
});

test('series beyond the limit are dropped, and taken once there is room', () => {
  const { table: it, drops } = table({ maxSeries: 1 });
  it.apply(metric({ g: gauge(1) }, { dst: 'a' }), 0);
  it.apply(metric({ g: gauge(1) }, { dst: 'b' }), 0);
  assert.deepEqual([it.size, drops], [1, ['max_series']]);
  it.apply(metric({}, { dst: 'a' }), 0);
  it.apply(metric({ g: gauge(1) }, { dst: 'b' }), 0);
  assert.deepEqual([it.size, drops.length], [1, 1]);
});

/** When a series that got metrics at these times is forgotten, in ms after the last of them. */
function lifetimeMs(arrivalsMs: readonly number[], options: Partial<TableOptions> = {}): number {
  const { table: it } = table(options);
  for (const atMs of arrivalsMs) it.apply(metric({ g: gauge(1) }), atMs);
  const lastMs = arrivalsMs.at(-1) ?? 0;
  for (let afterMs = 0; ; afterMs += 1000) {
    it.expire(lastMs + afterMs);
    if (it.size === 0) return afterMs;
  }
}

test('a series lives for three of its intervals', () => {
  assert.equal(lifetimeMs([0, 10_000]), 31_000);
  assert.equal(lifetimeMs([0, 60_000]), 181_000);
  assert.equal(lifetimeMs([0, 60_000, 60_005, 120_000]), 180_000, 'two windows in one flush are no interval');
  assert.equal(lifetimeMs([0]), 301_000, 'one that came once has no interval yet');
  assert.equal(lifetimeMs([0, 5]), 301_000);
});

test('one long gap is forgotten in time', () => {
  const arrivalsMs = [0, 600_000];
  for (let i = 0; i < 400; i += 1) arrivalsMs.push((arrivalsMs.at(-1) ?? 0) + 10_000);
  assert.ok(lifetimeMs(arrivalsMs) <= 40_000);
});

test('series_expiry overrides the interval', () => {
  assert.equal(lifetimeMs([0, 10_000], { expiryMs: 5000 }), 6000);
});

test('negative counts are refused, zero ones are shown', () => {
  const { table: it, drops } = table();
  it.apply(metric({ c: count(-1), z: count(0) }), 0);
  assert.deepEqual(drops, ['not_finite']);
  assert.deepEqual(cellsOf(it), [0]);
});
