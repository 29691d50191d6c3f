import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gauge, type Metric } from '../../../../core/metric.js';
import { Emitter } from '../../../../plugins/common/probing/emitter.js';
import { FakeClock } from '../../../support/fake-clock.js';

const MANY = 1000;
/** Over which MANY are spread: a tenth of them each 20 ms. */
const SPREAD_MS = 200;
const TICK_MS = 20;

function setUp() {
  const emitted: number[] = [];
  let made = 0;
  const clock = new FakeClock();
  const emitter = new Emitter({
    emit: (metric) => emitted.push(Number(metric.tags.n)),
    clock,
    spreadMs: SPREAD_MS,
  });
  const metrics = function* (from: number, to: number): Iterator<Metric> {
    for (let n = from; n < to; n += 1) {
      made += 1;
      yield { name: 'm', tags: { n: String(n) }, fields: { value: gauge(n) }, timeNs: 0n };
    }
  };
  return { clock, emitted, emitter, metrics, made: () => made };
}

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

describe('emitter', () => {
  test('makes nothing before the turn in which it is given metrics has ended', () => {
    const { emitter, metrics, made } = setUp();
    emitter.push(metrics(0, 3), 3);
    assert.equal(made(), 0);
    emitter.flush();
  });

  test('spreads a push evenly over its time, and makes nothing ahead', async () => {
    const { clock, emitted, emitter, metrics, made } = setUp();
    emitter.push(metrics(0, MANY), MANY);
    await clock.advance(0);
    const portions = [emitted.length];
    while (emitted.length < MANY) {
      const before = emitted.length;
      await clock.advance(TICK_MS);
      portions.push(emitted.length - before);
      assert.equal(made(), emitted.length);
    }
    assert.deepEqual(
      portions,
      Array.from({ length: SPREAD_MS / TICK_MS }, () => MANY / (SPREAD_MS / TICK_MS)),
    );
    assert.deepEqual(emitted, upTo(MANY));
  });

  test('hands a few over at once', async () => {
    const { clock, emitted, emitter, metrics } = setUp();
    emitter.push(metrics(0, 40), 40);
    await clock.advance(0);
    assert.deepEqual(emitted, upTo(40));
  });

  test('keeps the order, also of what comes meanwhile', async () => {
    const { clock, emitted, emitter, metrics } = setUp();
    emitter.push(metrics(0, MANY), MANY);
    emitter.push(metrics(MANY, MANY), 0);
    await clock.advance(TICK_MS);
    emitter.push(metrics(MANY, MANY + 50), 50);
    await clock.advance(2 * SPREAD_MS);
    assert.deepEqual(emitted, upTo(MANY + 50));
  });

  test('hands everything over when it is flushed, and nothing twice', async () => {
    const { clock, emitted, emitter, metrics } = setUp();
    emitter.push(metrics(0, MANY), MANY);
    await clock.advance(TICK_MS);
    emitter.push(metrics(MANY, MANY + 10), 10);
    emitter.flush();
    assert.deepEqual(emitted, upTo(MANY + 10));
    await clock.advance(SPREAD_MS);
    emitter.flush();
    assert.equal(emitted.length, MANY + 10);
    emitter.push(metrics(MANY + 10, MANY + 11), 1);
    await clock.advance(0);
    assert.equal(emitted.length, MANY + 11, 'goes on after a flush');
  });
});
