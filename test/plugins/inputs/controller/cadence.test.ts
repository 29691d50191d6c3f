import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Cadence, DEBOUNCE_MS, periodicMs, retryMs } from '../../../../plugins/inputs/controller/cadence.js';
import { FakeClock } from '../../../support/fake-clock.js';

test('periods are spread by 10 % to both sides', () => {
  assert.deepEqual(
    [0, 0.5, 1].map((random) => Math.round(periodicMs(60_000, () => random))),
    [54_000, 60_000, 66_000],
  );
});

test('retries back off with full jitter up to the period; Retry-After comes first, within the period', () => {
  const longest = (failures: number, retryAfter?: number) => retryMs(failures, 60_000, () => 1, retryAfter);
  assert.deepEqual(
    [1, 2, 3, 7, 2000].map((failures) => longest(failures)),
    [1000, 2000, 4000, 60_000, 60_000],
  );
  assert.equal(
    retryMs(9, 60_000, () => 0),
    100,
  );
  assert.deepEqual([longest(1, 5000), longest(1, 9e9)], [6000, 61_000]);
});

function counting(clock: FakeClock, wait: () => Promise<number> = async () => 60_000) {
  const ranAt: number[] = [];
  const cadence = new Cadence(clock, () => {
    ranAt.push(clock.monotonicMs());
    return wait();
  });
  return { cadence, ranAt };
}

test('what is wanted soon is done once, after the debounce', async () => {
  const clock = new FakeClock();
  const { cadence, ranAt } = counting(clock);
  cadence.soon();
  assert.equal(clock.pending, 0, 'not started');
  cadence.start(5000);
  cadence.start(0);
  cadence.soon();
  await clock.advance(10_000);
  cadence.soon();
  await clock.advance(DEBOUNCE_MS / 2);
  cadence.soon();
  await clock.advance(60_000 + DEBOUNCE_MS / 2);
  assert.deepEqual(ranAt, [5000, 10_000 + DEBOUNCE_MS, 70_000 + DEBOUNCE_MS]);
});

test('what is wanted soon does not delay what is due sooner', async () => {
  const clock = new FakeClock();
  const { cadence, ranAt } = counting(clock);
  cadence.start(0);
  await clock.advance(59_900);
  cadence.soon();
  await clock.advance(100);
  assert.deepEqual(ranAt, [0, 60_000]);
});

test('what is wanted within a time comes then, the first time and after the work under way, too', async () => {
  const clock = new FakeClock();
  let finish = (_: number): void => {};
  const { cadence, ranAt } = counting(clock, () => new Promise((resolve) => (finish = resolve)));
  cadence.within(10);
  assert.equal(clock.pending, 0, 'not started');
  cadence.start(5000);
  cadence.within(2000);
  cadence.within(3000);
  await clock.advance(2500);
  cadence.within(700);
  cadence.within(900);
  finish(60_000);
  await clock.advance(700);
  finish(60_000);
  await clock.advance(0);
  cadence.within(300);
  await clock.advance(300);
  assert.deepEqual(ranAt, [2000, 3200, 3500]);
});

test('it never overlaps itself', async () => {
  const clock = new FakeClock();
  let finish = (_: number): void => {};
  const { cadence, ranAt } = counting(clock, () => new Promise((resolve) => (finish = resolve)));
  cadence.start(0);
  await clock.advance(100_000);
  cadence.soon();
  await clock.advance(100_000);
  assert.deepEqual(ranAt, [0]);
  finish(60_000);
  await clock.advance(DEBOUNCE_MS);
  assert.deepEqual(ranAt, [0, 200_000 + DEBOUNCE_MS]);
  cadence.stop();
  finish(0);
  await clock.advance(100_000);
  assert.equal(ranAt.length, 2);
  cadence.soon();
  cadence.start(0);
  assert.equal(clock.pending, 0);
});
