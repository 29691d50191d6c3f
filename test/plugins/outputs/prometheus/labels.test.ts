import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatLabels, labelsOf, legalName } from '../../../../plugins/outputs/prometheus/labels.js';

const format = (tags: Record<string, string>, taken: string[] = []): string | undefined => {
  const labels = labelsOf(tags, taken);
  return labels && formatLabels(labels);
};

test('sorted, without empty ones', () => {
  assert.equal(format({ b: '2', a: '1', c: '' }), 'a="1",b="2"');
  assert.equal(format({}), '');
});

test('illegal names are made legal', () => {
  assert.equal(format({ 'a-b.c': 'x', '1st': 'y', ü: 'z' }), '_="z",_1st="y",a_b_c="x"');
  assert.equal(legalName('rack:power'), 'rack_power');
  assert.equal(legalName(''), '_');
});

test('reserved and taken names give way', () => {
  assert.equal(format({ __name__: 'x', le: '1' }, ['le']), '_name__="x",le_="1"');
});

test('two tags that become one label have none', () => {
  assert.equal(format({ 'a-b': '1', 'a.b': '2' }), undefined);
  assert.equal(format({ le: '1', le_: '2' }, ['le']), undefined);
});

test('values are escaped', () => {
  assert.equal(format({ a: 'back\\slash "quote"\nline é' }), 'a="back\\\\slash \\"quote\\"\\nline é"');
});
