import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../../../core/clock.js';
import { Ticker, type TickerOptions } from '../../../core/pipeline/scheduler.js';
import { FakeClock } from '../../support/fake-clock.js';

/** Not on the grid: 3.25 s after a full minute. */
const START_NS = 1_767_225_603_250_000_000n;

function record(clock: FakeClock, options: Partial<TickerOptions> = {}) {
  const wallMs: number[] = [];
  const skips: number[] = [];
  const ticker = new Ticker({
    clock,
    intervalMs: 10_000,
    onTick: () => void wallMs.push(Number(clock.nowNs() / 1_000_000n)),
    onSkip: (ticks) => void skips.push(ticks),
    ...options,
  });
  ticker.start();
  return { ticker, wallMs, skips, skipped: () => skips.reduce((sum, ticks) => sum + ticks, 0) };
}

test('ticks are on UTC multiples of the interval', async () => {
  const clock = new FakeClock(START_NS);
  const { wallMs } = record(clock);
  await clock.advance(6_749);
  assert.equal(wallMs.length, 0);
  await clock.advance(30_001);
  assert.deepEqual(
    wallMs.map((ms) => ms % 60_000),
    [10_000, 20_000, 30_000, 40_000],
  );
});

test('the offset shifts the grid', async () => {
  const clock = new FakeClock(START_NS);
  const { wallMs } = record(clock, { offsetMs: 1_500 });
  await clock.advance(20_000);
  assert.deepEqual(
    wallMs.map((ms) => ms % 60_000),
    [11_500, 21_500],
  );
});

/** Timers of this clock fire up to 1 ms early and 3 ms late. */
function imprecise(clock: FakeClock): Clock {
  let seed = 1;
  return {
    nowNs: () => clock.nowNs(),
    monotonicMs: () => clock.monotonicMs(),
    after: (delayMs, callback) => {
      seed = (seed * 48_271) % 2_147_483_647;
      return clock.after(delayMs + (seed % 5) - 1, callback);
    },
  };
}

test('nothing drifts in 100 000 ticks, though timers fire early and late', async () => {
  const clock = new FakeClock(START_NS);
  const { wallMs, skips } = record(clock, { clock: imprecise(clock), intervalMs: 100 });
  await clock.advance(100_000 * 100);
  assert.equal(wallMs.length, 100_000);
  assert.deepEqual(skips, []);
  for (const [i, ms] of wallMs.entries()) {
    const gridMs = 1_767_225_603_300 + i * 100;
    assert.ok(ms >= gridMs && ms <= gridMs + 8, `tick ${i} is ${ms - gridMs} ms off`);
  }
});

test('jitter spreads each tick over its own part and shifts neither the mean period nor the grid', async () => {
  const clock = new FakeClock(START_NS);
  let seed = 7;
  const random = (): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed / 2_147_483_647;
  };
  const { wallMs, skips } = record(clock, { intervalMs: 1000, jitterMs: 800, random });
  await clock.advance(10_000_000);
  assert.equal(wallMs.length, 10_000);
  assert.deepEqual(skips, []);
  const offsets = wallMs.map((ms, i) => ms - (1_767_225_604_000 + i * 1000));
  assert.ok(offsets.every((ms) => ms >= 0 && ms <= 800));
  const mean = offsets.reduce((sum, ms) => sum + ms, 0) / offsets.length;
  assert.ok(Math.abs(mean - 400) < 20, `mean ${mean}`);
});

test('jitter longer than the interval is cut to it, and no tick is lost', async () => {
  const clock = new FakeClock(START_NS);
  const draws = [0.99, 0, 0.99, 0];
  const { wallMs, skips } = record(clock, { jitterMs: 60_000, random: () => draws.shift() ?? 0 });
  await clock.advance(50_000);
  assert.deepEqual(
    wallMs.map((ms) => ms % 60_000),
    [19_900, 20_000, 39_900, 40_000, 50_000],
  );
  assert.deepEqual(skips, []);
});

test('jitter of a whole interval loses no tick when a timer is late', async () => {
  const clock = new FakeClock(START_NS);
  const options = { clock: imprecise(clock), intervalMs: 100, jitterMs: 100, random: () => 0.9999 };
  const { wallMs, skips } = record(clock, options);
  await clock.advance(100_000);
  assert.equal(wallMs.length, 999);
  assert.deepEqual(skips, []);
});

test('a step of the wall clock is seen within a minute, however long the interval', async () => {
  const clock = new FakeClock(START_NS);
  const { wallMs } = record(clock, { intervalMs: 3_600_000 });
  await clock.advance(1000);
  clock.stepWall(3_590_000);
  await clock.advance(60_000);
  assert.equal(wallMs.length, 1);
});

test('a tick never overlaps the last one: those that come meanwhile are skipped and counted', async () => {
  const clock = new FakeClock(START_NS);
  let running = 0;
  let runs = 0;
  const { skips } = record(clock, {
    onTick: async () => {
      running += 1;
      runs += 1;
      assert.equal(running, 1);
      await new Promise<void>((resolve) => clock.after(25_000, resolve));
      running -= 1;
    },
  });
  await clock.advance(60_000);
  assert.equal(runs, 2);
  assert.deepEqual(skips, [1, 1, 1, 1]);
});

test('ticks during which the process did not run are counted', async () => {
  const clock = new FakeClock(START_NS);
  const { wallMs, skipped } = record(clock);
  await clock.advance(10_000);
  clock.stall(35_000);
  await clock.advance(10_000);
  assert.deepEqual(
    wallMs.map((ms) => (ms - 1_767_225_600_000) / 1000),
    [10, 48.25, 50],
  );
  assert.equal(skipped(), 2);
});

test('a forward step of the wall clock skips nothing: that time never was', async () => {
  const clock = new FakeClock(START_NS);
  const { wallMs, skipped } = record(clock);
  await clock.advance(10_000);
  clock.stepWall(3_605_000);
  await clock.advance(30_000);
  assert.equal(skipped(), 0);
  assert.deepEqual(
    wallMs.map((ms) => ((ms - 1_767_225_600_000) / 1000) % 3600),
    [10, 25, 30, 40],
  );
});

test('after a small backward step no grid time comes twice', async () => {
  const clock = new FakeClock(START_NS);
  const { wallMs, skipped } = record(clock);
  await clock.advance(7_000);
  clock.stepWall(-4_000);
  await clock.advance(30_000);
  assert.deepEqual(
    wallMs.map((ms) => (ms - 1_767_225_600_000) / 1000),
    [10, 20, 30],
  );
  assert.equal(skipped(), 0);
});

test('after a large backward step the grid is taken up afresh, within a minute', async () => {
  const clock = new FakeClock(START_NS);
  const { wallMs, skipped } = record(clock);
  await clock.advance(7_000);
  clock.stepWall(-86_400_000);
  await clock.advance(40_000);
  assert.deepEqual(
    wallMs.map((ms) => (ms - 1_767_225_600_000) / 1000),
    [10, 30 - 86_400, 40 - 86_400, 50 - 86_400],
  );
  assert.equal(skipped(), 0);
});

test('no tick comes after stop, be it from within a tick, and a ticker can start again', async () => {
  const clock = new FakeClock(START_NS);
  let ticks = 0;
  const ticker: Ticker = new Ticker({
    clock,
    intervalMs: 10_000,
    onTick: () => {
      ticks += 1;
      ticker.stop();
    },
  });
  ticker.start();
  ticker.start();
  await clock.advance(60_000);
  assert.equal(ticks, 1);
  assert.equal(clock.pending, 0);
  ticker.start();
  await clock.advance(10_000);
  assert.equal(ticks, 2);
});
