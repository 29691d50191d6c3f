import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { applyLimits, MAX_PAYLOAD_BYTES, MIN_PAIR_INTERVAL_MS, totalRate } from '../../../core/pinglist/limits.js';
import type { Target } from '../../../core/target.js';
import { rdmaTarget, tcpTarget, udpTarget } from './targets.js';

/** Sums of thousands of fractions differ in the last digits. */
const ROUNDING = 1 + 1e-9;

const anyInterval = fc.oneof(
  fc.double({ min: 0.001, max: 86_400_000, noNaN: true }),
  fc.constantFrom(0, Number.NaN, -1, Number.POSITIVE_INFINITY, 10, 1000),
);
const anyTarget = fc
  .record({ intervalMs: anyInterval, host: fc.integer({ min: 1, max: 8 }), port: fc.integer({ min: 1, max: 3 }) })
  .map(({ intervalMs, host, port }): Target => udpTarget({ intervalMs, address: `10.0.0.${host}`, port }));
const anyRate = fc.integer({ min: 1, max: 20_000 });

function pairRates(targets: readonly Target[]): number[] {
  const groups = new Map<string, Target[]>();
  for (const target of targets) {
    const pair = target.transport === 'rdma-ud' ? target.gid : target.address;
    groups.set(pair, [...(groups.get(pair) ?? []), target]);
  }
  return [...groups.values()].map(totalRate);
}

describe('limits', () => {
  test('whatever the list, the total stays under max_rate and every pair under 100 probes a second', () => {
    fc.assert(
      fc.property(fc.array(anyTarget, { maxLength: 200 }), anyRate, (targets, maxRate) => {
        const limited = applyLimits(targets, maxRate);
        assert.equal(limited.targets.length, targets.length);
        assert.ok(totalRate(limited.targets) <= maxRate * ROUNDING);
        assert.equal(limited.rate, totalRate(limited.targets));
        for (const rate of pairRates(limited.targets)) assert.ok(rate <= (1000 / MIN_PAIR_INTERVAL_MS) * ROUNDING);
        for (const target of limited.targets) assert.ok(target.intervalMs >= MIN_PAIR_INTERVAL_MS / ROUNDING);
      }),
    );
  });

  test('scaling stretches every interval alike: order and ratios stay', () => {
    const intervals = fc.uniqueArray(fc.integer({ min: 10, max: 10_000 }), { minLength: 2, maxLength: 100 });
    fc.assert(
      fc.property(intervals, fc.integer({ min: 1, max: 50 }), (values, maxRate) => {
        const targets = values.map((intervalMs, i) => udpTarget({ intervalMs, address: `10.0.${i}.1` }));
        const { targets: limited, scale } = applyLimits(targets, maxRate);
        limited.forEach((target, i) => {
          const expected = values[i]! * scale;
          assert.ok(target.intervalMs >= expected && target.intervalMs < expected * ROUNDING + 1e-6);
        });
      }),
    );
  });

  test('a list within the limits is passed on untouched', () => {
    const targets = [udpTarget(), udpTarget({ address: '10.0.0.3', intervalMs: 10 }), rdmaTarget()];
    const limited = applyLimits(targets, 1000);
    assert.equal(limited.scale, 1);
    assert.equal(limited.clampedIntervals, 0);
    assert.equal(limited.rate, limited.requestedRate);
    for (const [i, target] of limited.targets.entries()) assert.equal(target, targets[i]);
  });

  test('the limit of a list that is exactly at max_rate does not scale it', () => {
    const targets = Array.from({ length: 100 }, (_, i) => udpTarget({ address: `10.0.0.${i}`, intervalMs: 100 }));
    assert.equal(applyLimits(targets, 1000).scale, 1);
    assert.equal(applyLimits(targets, 500).scale, 2);
  });

  test('targets of one pair share its limit, however its address is written', () => {
    const targets = [
      udpTarget({ address: '10.0.0.2', port: 1, intervalMs: 10 }),
      udpTarget({ address: '::ffff:10.0.0.2', port: 2, intervalMs: 10 }),
      udpTarget({ address: '10.0.0.2', port: 3, intervalMs: 20 }),
      tcpTarget({ address: '10.0.0.2', intervalMs: 10 }),
    ];
    const limited = applyLimits(targets, 10_000);
    assert.deepEqual(
      limited.targets.map((target) => target.intervalMs),
      [25, 25, 50, 10],
    );
    assert.equal(limited.clampedIntervals, 3);
    assert.equal(limited.requestedRate, 350);
  });

  test('paths do not multiply the rate', () => {
    assert.equal(totalRate([udpTarget({ paths: 256 })]), 1);
  });

  test('a payload is cut to what a jumbo frame carries', () => {
    const limited = applyLimits([udpTarget({ payloadBytes: 65_000 }), udpTarget({ address: '10.0.0.3' })], 100);
    assert.equal(limited.targets[0]?.payloadBytes, MAX_PAYLOAD_BYTES);
    assert.equal(limited.clampedPayloads, 1);
  });
});
