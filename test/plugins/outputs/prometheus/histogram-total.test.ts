import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bounds } from '../../../../plugins/outputs/prometheus/bounds.js';
import { HistogramTotal } from '../../../../plugins/outputs/prometheus/histogram-total.js';
import { recorded } from './exporter.js';

/** 2^-20 s and 2^-10 s: bounds that a distribution has as well. */
const bounds = new Bounds([2 ** -20, 2 ** -10]);

const kept = (total: HistogramTotal): number | undefined => total.native?.count;

test('shows the same classic counts whatever is kept, and from whenever', () => {
  const fine = new HistogramTotal();
  const classic = new HistogramTotal();
  const changing = new HistogramTotal();
  for (const [i, detail] of (['fine', 'classic', 'classic', 'fine', 'fine'] as const).entries()) {
    const values = recorded(i * 300_000, 500, 2_000_000);
    fine.add(values, bounds, 'fine');
    classic.add(values, bounds, 'classic');
    changing.add(values, bounds, detail);
  }
  for (const total of [fine, classic, changing]) {
    assert.deepEqual([...total.cumulate(bounds)], [6, 9]);
    assert.equal(total.count, 15);
    assert.equal(total.sumSeconds, 0.0130025);
  }
});

test('keeps what the native format needs until only text was asked for, and again from when it is asked for', () => {
  const total = new HistogramTotal();
  total.add(recorded(5), bounds, 'fine');
  assert.equal(kept(total), 1);
  total.add(recorded(6), bounds, 'classic');
  assert.equal(kept(total), undefined);
  total.add(recorded(7, 8), bounds, 'fine');
  assert.equal(kept(total), 2);
  assert.equal(total.count, 4);
});

test('does not change the values it is given', () => {
  const values = recorded(1, 2);
  const total = new HistogramTotal();
  total.add(values, bounds, 'fine');
  total.add(recorded(3), bounds, 'fine');
  assert.equal(values.count, 2);
});
