import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { formatSize, parseSize } from '../../../core/config/sizes.js';
import { ConfigError } from '../../../core/errors.js';

describe('sizes', () => {
  const known: [string, number][] = [
    ['0B', 0],
    ['1500B', 1500],
    ['1KB', 1000],
    ['64KiB', 65_536],
    ['1.5KiB', 1536],
    ['2MB', 2_000_000],
    ['64MiB', 67_108_864],
    ['1GB', 1_000_000_000],
    ['1GiB', 1_073_741_824],
  ];
  for (const [text, bytes] of known) it(`${text} is ${bytes} bytes`, () => assert.equal(parseSize(text), bytes));

  for (const text of ['', '64', '64kb', '64 KiB', '-1B', '1TB', 'KiB', '1KiB2B']) {
    it(`refuses ${JSON.stringify(text)}`, () => assert.throws(() => parseSize(text), ConfigError));
  }

  it('asks for a unit when there is none', () => {
    assert.throws(() => parseSize('64'), /expected a size such as .*units B, KB, KiB, MB, MiB, GB, GiB\), found "64"/);
  });

  it('reads back what it prints', () => {
    fc.assert(fc.property(fc.integer({ min: 0, max: 2 ** 50 }), (bytes) => parseSize(formatSize(bytes)) === bytes));
    assert.equal(formatSize(65_536), '64KiB');
    assert.equal(formatSize(1500), '1500B');
  });
});
