import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatLoss, formatNs } from '../../bin/figures.js';

test('durations keep two or three digits and never grow past their column', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0ns'],
    [1, '1ns'],
    [999.4, '999ns'],
    [999.6, '1.0µs'],
    [1000, '1.0µs'],
    [1940, '1.9µs'],
    [9949, '9.9µs'],
    [9951, '10µs'],
    [123_456, '123µs'],
    [999_600, '1.0ms'],
    [12_000_000, '12ms'],
    [1_250_000_000, '1.3s'],
    [61e9, '61s'],
  ];
  for (const [ns, text] of cases) assert.equal(formatNs(ns), text, String(ns));
});

test('loss is 0% or 100% only when it is', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0%'],
    [1e-9, '<1%'],
    [0.0099, '<1%'],
    [0.01, '1%'],
    [0.125, '13%'],
    [0.9999, '99%'],
    [1, '100%'],
  ];
  for (const [loss, text] of cases) assert.equal(formatLoss(loss), text, String(loss));
});
