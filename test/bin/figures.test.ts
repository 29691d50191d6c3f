import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBytes, formatFigure, formatLoss, formatNs } from '../../bin/figures.js';

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

test('figures and bytes keep three digits, and whole numbers are whole', () => {
  const figures: readonly (readonly [number, string])[] = [
    [0, '0'],
    [39.900000000000006, '39.9'],
    [999.4, '999'],
    [999.6, '1,000'],
    [2_880_000, '2,880,000'],
  ];
  for (const [value, text] of figures) assert.equal(formatFigure(value), text, String(value));
  const bytes: readonly (readonly [number, string])[] = [
    [0, '0B'],
    [396, '396B'],
    [25_304.4, '25.3kB'],
    [999_600, '1MB'],
    [253e6, '253MB'],
    [2.5e12, '2,500GB'],
  ];
  for (const [value, text] of bytes) assert.equal(formatBytes(value), text, String(value));
});
