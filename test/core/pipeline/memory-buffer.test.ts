import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Metric } from '../../../core/metric.js';
import { Fates } from '../../../core/pipeline/fates.js';
import { MemoryBuffer } from '../../../core/pipeline/memory-buffer.js';
import { metricOf } from '../../support/fake-output.js';

const namesOf = (metrics: readonly Metric[]): string[] => metrics.map((metric) => metric.name);

function filled(limit: number, count: number): MemoryBuffer {
  const buffer = new MemoryBuffer(limit);
  for (let i = 0; i < count; i += 1) buffer.add(metricOf(String(i)));
  return buffer;
}

function counters({ tally: { added, written, rejected, dropped }, length }: MemoryBuffer): object {
  return { added, written, rejected: rejected.total, dropped: dropped.total, length };
}

interface Parts {
  readonly accepted: readonly number[];
  readonly rejected: readonly number[];
  /** What becomes of the others. */
  readonly keep: boolean;
}

function fatesOf(batch: readonly Metric[], { accepted, rejected, keep }: Parts): Fates {
  const fates = new Fates(batch.length);
  fates.apply(0, batch.length, accepted, rejected);
  if (!keep) fates.rejectAll(0, batch.length, 'unwanted');
  return fates;
}

const allOf = (batch: readonly Metric[]): number[] => [...batch.keys()];
const accept = (buffer: MemoryBuffer, batch: readonly Metric[]): void =>
  buffer.settle(batch, fatesOf(batch, { accepted: allOf(batch), rejected: [], keep: true }));
const keep = (buffer: MemoryBuffer, batch: readonly Metric[]): void =>
  buffer.settle(batch, fatesOf(batch, { accepted: [], rejected: [], keep: true }));

test('a full buffer drops its oldest metric', () => {
  const buffer = filled(3, 5);
  assert.deepEqual(counters(buffer), { added: 5, written: 0, rejected: 0, dropped: 2, length: 3 });
  assert.deepEqual(namesOf(buffer.takeBatch(10)), ['2', '3', '4']);
});

test('an overflow while a batch is in flight: what is then accepted was written, and not dropped', () => {
  const buffer = filled(3, 3);
  const batch = buffer.takeBatch(2);
  assert.equal(buffer.add(metricOf('3')), true);
  assert.equal(buffer.length, 4);
  assert.equal(buffer.waiting, 2);
  accept(buffer, batch);
  assert.deepEqual(counters(buffer), { added: 4, written: 2, rejected: 0, dropped: 0, length: 2 });
});

test('an overflow while a batch is in flight: what comes back and has no room any more is dropped, once', () => {
  const buffer = filled(3, 3);
  const batch = buffer.takeBatch(2);
  buffer.add(metricOf('3'));
  keep(buffer, batch);
  assert.deepEqual(counters(buffer), { added: 4, written: 0, rejected: 0, dropped: 1, length: 3 });
  assert.deepEqual(namesOf(buffer.drain()), ['1', '2', '3']);
});

test('a batch is settled in parts; nonsense indices count for nothing', () => {
  const buffer = filled(10, 6);
  const batch = buffer.takeBatch(5);
  buffer.settle(batch, fatesOf(batch, { accepted: [0, 2, 2, 99, -1, 0.5], rejected: [3, 0], keep: true }));
  assert.deepEqual(counters(buffer), { added: 6, written: 2, rejected: 1, dropped: 0, length: 3 });
  assert.deepEqual(namesOf(buffer.takeBatch(10)), ['1', '4', '5']);
});

test('a batch that was recalled or drained cannot be settled later', () => {
  const buffer = filled(10, 3);
  const batch = buffer.takeBatch(2);
  buffer.recall();
  accept(buffer, batch);
  assert.deepEqual(counters(buffer), { added: 3, written: 0, rejected: 0, dropped: 0, length: 3 });
  const other = buffer.takeBatch(2);
  assert.deepEqual(namesOf(buffer.drain()), ['0', '1', '2']);
  accept(buffer, other);
  assert.deepEqual(counters(buffer), { added: 0, written: 0, rejected: 0, dropped: 0, length: 0 });
});

test('there is one batch at a time', () => {
  const buffer = filled(10, 3);
  buffer.takeBatch(1);
  assert.throws(() => buffer.takeBatch(1), /in flight/);
});

/** The buffer as simply as it can be said: a list, and a batch beside it. */
class Model {
  waiting: string[] = [];
  batch: string[] = [];
  /** How many of the batch, from its front, lost their place. */
  lost = 0;
  written = 0;
  rejected = 0;
  dropped = 0;

  constructor(readonly limit: number) {}

  add(name: string): void {
    if (this.waiting.length + this.batch.length - this.lost === this.limit) {
      if (this.lost < this.batch.length) this.lost += 1;
      else {
        this.waiting.shift();
        this.dropped += 1;
      }
    }
    this.waiting.push(name);
  }

  take(max: number): void {
    this.batch = this.waiting.splice(0, max);
    this.lost = 0;
  }

  settle(accepted: readonly number[], rejected: readonly number[], keep: boolean): void {
    const back: string[] = [];
    for (const [i, name] of this.batch.entries()) {
      if (accepted.includes(i)) this.written += 1;
      else if (rejected.includes(i) || !keep) this.rejected += 1;
      else if (i < this.lost) this.dropped += 1;
      else back.push(name);
    }
    this.waiting.unshift(...back);
    this.batch = [];
    this.lost = 0;
  }
}

type Step = { readonly add: number } | { readonly take: number } | Parts;

const indices = fc.array(fc.nat(12), { maxLength: 12 });
const steps: fc.Arbitrary<Step[]> = fc.array(
  fc.oneof(
    fc.record({ add: fc.integer({ min: 1, max: 9 }) }),
    fc.record({ take: fc.integer({ min: 1, max: 12 }) }),
    fc.record({ accepted: indices, rejected: indices, keep: fc.boolean() }),
  ),
  { maxLength: 80 },
);

test('whatever happens, the buffer does what the model does, and every metric is counted once', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 }), steps, (limit, list) => {
      const buffer = new MemoryBuffer(limit);
      const model = new Model(limit);
      let batch: readonly Metric[] = [];
      let added = 0;
      for (const step of list) {
        if ('add' in step) {
          for (let i = 0; i < step.add; i += 1) {
            buffer.add(metricOf(String(added)));
            model.add(String(added));
            added += 1;
          }
        } else if ('take' in step) {
          if (batch.length > 0) continue;
          batch = buffer.takeBatch(step.take);
          model.take(step.take);
          assert.deepEqual(namesOf(batch), model.batch);
        } else {
          buffer.settle(batch, fatesOf(batch, step));
          model.settle(step.accepted, step.rejected, step.keep);
          batch = [];
        }
        const { written, rejected, dropped } = model;
        const length = model.waiting.length + model.batch.length;
        assert.deepEqual(counters(buffer), { added, written, rejected, dropped, length });
        assert.equal(added, written + rejected + dropped + length);
        assert.ok(buffer.length - model.lost <= limit);
      }
      accept(buffer, batch);
      assert.deepEqual(namesOf(buffer.drain()), model.waiting);
    }),
    { numRuns: 1000 },
  );
});

test('a large buffer grows and keeps the order', () => {
  const buffer = filled(5000, 1000);
  accept(buffer, buffer.takeBatch(600));
  for (let i = 1000; i < 7000; i += 1) buffer.add(metricOf(String(i)));
  const names = namesOf(buffer.takeBatch(10_000));
  assert.equal(names.length, 5000);
  assert.deepEqual(
    names,
    Array.from({ length: 5000 }, (_, i) => String(i + 2000)),
  );
  assert.deepEqual([...buffer.tally.dropped.counts], [['overflow', 1400]]);
});
