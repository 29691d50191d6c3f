import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Circuit, MAX_RETRY_AFTER_MS } from '../../../core/pipeline/circuit.js';
import { FakeClock } from '../../support/fake-clock.js';

test('a server that says when to come back is asked up to a tenth later, at random', (t) => {
  for (const [retryAfterMs, random, waitMs] of [
    [60_000, 0, 60_000],
    [60_000, 0.5, 63_000],
    [60_000, 1, 66_000],
    [MAX_RETRY_AFTER_MS, 0.5, 630_000],
    [MAX_RETRY_AFTER_MS + 1, 0.5, 630_000],
    // The back-off after the first failure is longer: a random part of a second.
    [100, 0.5, 500],
    [0, 0.5, 500],
    [Number.NaN, 0.5, 500],
  ] as const) {
    const { mock } = t.mock.method(Math, 'random', () => random);
    const clock = new FakeClock();
    new Circuit(clock, () => {}).open(true, retryAfterMs);
    mock.restore();
    assert.equal(Math.round(clock.nextInMs ?? 0), waitMs, `${retryAfterMs} ms, random ${random}`);
  }
});
