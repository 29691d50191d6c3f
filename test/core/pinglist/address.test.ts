import assert from 'node:assert/strict';
import { test } from 'node:test';
import { canonicalAddress, isUnspecified } from '../../../core/pinglist/address.js';

test('one host has one spelling', () => {
  const cases: [string, string | undefined][] = [
    ['10.0.0.1', '10.0.0.1'],
    ['2001:0DB8::0:1', '2001:db8::1'],
    ['::ffff:10.0.0.1', '10.0.0.1'],
    ['::FFFF:0a00:0001', '10.0.0.1'],
    ['FE80::0001%eth0', 'fe80::1%eth0'],
    ['10.0.0', undefined],
    ['host-b', undefined],
    ['10.0.0.1:862', undefined],
    ['', undefined],
  ];
  for (const [literal, expected] of cases) assert.equal(canonicalAddress(literal), expected, literal);
});

test('placeholders', () => {
  assert.ok(isUnspecified('0.0.0.0'));
  assert.ok(isUnspecified('::'));
  assert.ok(!isUnspecified('10.0.0.1'));
});
