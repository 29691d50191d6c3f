import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { gauge, type Metric } from '../../../../core/metric.js';
import { Emitter } from '../../../../plugins/common/probing/emitter.js';
import { settle } from '../../../support/fake-clock.js';

/** More than are made in one turn of the event loop. */
const MANY = 1000;

function setUp() {
  const emitted: number[] = [];
  let made = 0;
  const emitter = new Emitter((metric) => emitted.push(Number(metric.tags.n)));
  const metrics = function* (from: number, to: number): Iterator<Metric> {
    for (let n = from; n < to; n += 1) {
      made += 1;
      yield { name: 'm', tags: { n: String(n) }, fields: { value: gauge(n) }, timeNs: 0n };
    }
  };
  return { emitted, emitter, metrics, made: () => made };
}

const upTo = (n: number): number[] => Array.from({ length: n }, (_, i) => i);

describe('emitter', () => {
  test('makes nothing before the turn in which it is given metrics has ended', () => {
    const { emitter, metrics, made } = setUp();
    emitter.push(metrics(0, 3));
    assert.equal(made(), 0);
    emitter.flush();
  });

  test('gives the event loop a turn between portions', async () => {
    const { emitted, emitter, metrics, made } = setUp();
    emitter.push(metrics(0, MANY));
    const turns: number[] = [];
    while (emitted.length < MANY) {
      await settle();
      turns.push(emitted.length);
      assert.equal(made(), emitted.length, 'nothing is made ahead');
    }
    assert.ok(turns.length >= 4, `${turns.length} turns`);
    assert.deepEqual(emitted, upTo(MANY));
  });

  test('keeps the order, also of what comes meanwhile', async () => {
    const { emitted, emitter, metrics } = setUp();
    emitter.push(metrics(0, MANY));
    emitter.push(metrics(MANY, MANY));
    await settle();
    emitter.push(metrics(MANY, MANY + 50));
    while (emitted.length < MANY + 50) await settle();
    assert.deepEqual(emitted, upTo(MANY + 50));
  });

  test('hands everything over when it is flushed, and nothing twice', async () => {
    const { emitted, emitter, metrics } = setUp();
    emitter.push(metrics(0, MANY));
    await settle();
    emitter.push(metrics(MANY, MANY + 10));
    emitter.flush();
    assert.deepEqual(emitted, upTo(MANY + 10));
    await settle();
    emitter.flush();
    assert.equal(emitted.length, MANY + 10);
    emitter.push(metrics(MANY + 10, MANY + 11));
    await settle();
    assert.equal(emitted.length, MANY + 11, 'goes on after a flush');
  });
});
