import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatDuration, parseDuration } from '../../../core/config/durations.js';
import { ConfigError } from '../../../core/errors.js';

describe('durations', () => {
  const known: [string, number][] = [
    ['0s', 0],
    ['250ms', 250],
    ['1m30s', 90_000],
    ['1.5s', 1500],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['100us', 0.1],
    ['100\u00b5s', 0.1],
    ['100\u03bcs', 0.1],
    ['1ns', 0.000001],
    ['365d', 31_536_000_000],
  ];
  for (const [text, ms] of known) it(`${text} is ${ms} ms`, () => assert.equal(parseDuration(text), ms));

  for (const text of ['', '10', 's', '-1s', '1 s', '1s ', '.5s', '1.s', '1S', '1min', '1e3s', 'Infinitys']) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => parseDuration(text), ConfigError));
  }

  it('says what was expected and found', () => {
    assert.throws(() => parseDuration('10'), /expected a duration such as 250ms.*units ns, us, ms.*found "10"/);
  });

  it('prints the units a person would write', () => {
    assert.equal(formatDuration(90_000), '1m30s');
    assert.equal(formatDuration(0.1), '100us');
    assert.equal(formatDuration(0), '0s');
  });

  it('reads back what it prints, to the nanosecond', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 50 }), (ns) => {
        const ms = ns / 1e6;
        assert.equal(parseDuration(formatDuration(ms)), ms);
      }),
    );
  });
});
