import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { delaysOf } from '../../../../plugins/common/probing/delays.js';
import { type RecordFields, sliceOf } from './slices.js';

const DELAYS = { networkRttNs: 700, proberDelayNs: 30_000, responderDelayNs: 9_600, programRttNs: 40_300 };

function read(record: Omit<RecordFields, 'id' | 'sentUs'>) {
  return delaysOf(sliceOf(0, [{ id: 1, sentUs: 0, clock: 'hardware', ...DELAYS, ...record }]), 0);
}

describe('delays of a probe', () => {
  for (const result of ['success', 'invalid'] as const)
    test(`are those of its record when the result is ${result}`, () => {
      assert.deepEqual(read({ result }), { ...DELAYS, clock: 'hardware' });
    });

  for (const result of ['timeout', 'send_error'] as const)
    test(`are none when the result is ${result}`, () => {
      assert.equal(read({ result }), undefined);
    });

  test('that were not measured are not zero', () => {
    assert.equal(read({ networkRttNs: Number.NaN })?.networkRttNs, Number.NaN);
  });
});
