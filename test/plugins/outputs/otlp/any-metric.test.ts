/** Whatever a metric holds: what is accepted arrives as it was, what is rejected does not arrive. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Metric } from '../../../../core/metric.js';
import { type NumericField, shapeOf } from '../../../../plugins/outputs/otlp/naming.js';
import { awkwardBatch } from '../../../support/metrics.js';
import { settled } from '../../../support/settled.js';
import { connectedOutput } from './output.js';
import { type FlatPoint, httpReceiver, pointsOf } from './receiver.js';

/** A point in one form, sent or received: name, attributes, time, figures. */
type Plain = readonly [string, readonly (readonly [string, string])[], string, readonly unknown[]];

/** The points that the fields of a metric should be; a field that OTLP has no place for is none. */
function expected({ name, tags, fields, timeNs }: Metric): Plain[] {
  return Object.entries(fields).flatMap(([key, field]): Plain[] => {
    if (field.kind === 'text' || /\p{Surrogate}/u.test(key)) return [];
    if (field.kind !== 'distribution' && !Number.isFinite(field.value)) return [];
    if (field.kind === 'count' && field.value < 0) return [];
    const { name: called, divisor } = shapeOf(name, key, field as NumericField);
    const present = Object.entries(tags).filter(([, value]) => value !== '');
    const value = field.kind === 'distribution' ? 0 : field.value / divisor;
    const figures = field.kind === 'distribution' ? [field.value.count, field.value.sumNsNumber / 1e9] : [value];
    return [[called, present.sort(byKey), String(timeNs), figures]];
  });
}

function received({ name, tags, timeUnixNano, kind, count, sum, asInt, asDouble }: FlatPoint): Plain {
  const figures = kind === 'exponentialHistogram' ? [Number(count), sum] : [Number(asInt ?? asDouble)];
  return [name, Object.entries(tags).sort(byKey), timeUnixNano, figures];
}

function byKey([a]: readonly [string, string], [b]: readonly [string, string]): number {
  return a < b ? -1 : 1;
}

const canonical = (points: readonly Plain[]): string[] => points.map((point) => JSON.stringify(point)).sort();

for (const protocol of ['http/protobuf', 'http/json'] as const) {
  test(`${protocol}: accepted arrives as it was, rejected does not arrive`, async (t) => {
    const receiver = await httpReceiver(t);
    const { output } = await connectedOutput(t, { endpoint: receiver.url, protocol, temporality: 'delta' });
    const seen = { accepted: 0, rejected: 0 };
    const property = fc.asyncProperty(awkwardBatch, async (batch) => {
      const before = receiver.received.length;
      const { accepted, rejected } = await settled(output, batch);
      assert.equal(accepted.size + rejected.size, batch.length);
      const points = receiver.received.slice(before).flatMap(pointsOf);
      const wanted = [...accepted].flatMap((index) => expected(batch[index] as Metric));
      assert.deepEqual(canonical(points.map(received)), canonical(wanted));
      seen.accepted += accepted.size;
      seen.rejected += rejected.size;
    });
    await fc.assert(property, { numRuns: 100, includeErrorInReport: true });
    assert.ok(seen.accepted > 0 && seen.rejected > 0, JSON.stringify(seen));
  });
}
