import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FilterConfig } from '../../../core/config/common.js';
import { gauge, type Metric } from '../../../core/metric.js';
import { Filter } from '../../../core/pipeline/filters.js';
import { compileGlobs } from '../../../core/pipeline/glob.js';

const METRIC: Metric = {
  name: 'probe',
  tags: { src: 'a', dst: 'b', dst_tor: 'rack/7' },
  fields: { sent: gauge(1), success: gauge(1), network_rtt: gauge(2) },
  timeNs: 1n,
};

const globs: [pattern: string, text: string, matches: boolean][] = [
  ['probe', 'probe', true],
  ['probe', 'probes', false],
  ['*', '', true],
  ['*', 'a/b', true],
  ['*', '..', true],
  ['*', 'two\nlines', true],
  ['a*b', 'a/x/b', true],
  ['a*b', 'ab', true],
  ['a*b', 'abc', false],
  ['a?c', 'a/c', true],
  ['a?c', 'ac', false],
  ['?', '😀', true],
  ['[ab]x', 'bx', true],
  ['[ab]x', 'cx', false],
  ['[a-c]x', 'bx', true],
  ['[!ab]x', 'cx', true],
  ['[!ab]x', 'ax', false],
  ['[^a]', '^', true],
  ['[a', '[a', true],
  ['a]', 'a]', true],
  ['{cpu,mem}*', 'mem_x', true],
  ['{cpu,mem}*', 'disk', false],
  ['{a,{b,c}}d', 'cd', true],
  ['{a', '{a', true],
  ['a,b', 'a,b', true],
  ['a}', 'a}', true],
  ['a\\*', 'a*', true],
  ['a\\*', 'ab', false],
  ['a.b', 'axb', false],
  ['a.b*', 'axb', false],
  ['(a|b)*', '(a|b)', true],
  ['(a|b)*', 'a', false],
  ['a|b*', 'a', false],
  ['a\\', 'a\\', true],
];

for (const [pattern, text, matches] of globs) {
  test(`glob ${JSON.stringify(pattern)} ${matches ? 'matches' : 'does not match'} ${JSON.stringify(text)}`, () => {
    assert.equal(compileGlobs([pattern])?.(text), matches);
  });
}

test('several patterns match what any of them matches; none is no matcher', () => {
  const matches = compileGlobs(['a', 'b*', 'c?']);
  assert.deepEqual(
    ['a', 'bx', 'cy', 'ab', 'c', 'xb'].map((text) => matches?.(text)),
    [true, true, true, false, false, false],
  );
  assert.equal(compileGlobs([]), undefined);
  assert.equal(compileGlobs(undefined), undefined);
});

const selections: [title: string, config: FilterConfig, passes: boolean][] = [
  ['nothing set', {}, true],
  ['empty lists', { namepass: [], namedrop: [], tagpass: {}, tagdrop: { src: [] } }, true],
  ['namepass that matches', { namepass: ['x', 'pro*'] }, true],
  ['namepass that does not', { namepass: ['x'] }, false],
  ['namedrop that matches', { namedrop: ['pro*'] }, false],
  ['namedrop that does not', { namedrop: ['x'] }, true],
  ['both: what is passed and dropped is dropped', { namepass: ['probe'], namedrop: ['*'] }, false],
  ['tagpass that matches', { tagpass: { src: ['a'] } }, true],
  ['tagpass: one of several tags is enough', { tagpass: { src: ['x'], dst: ['b'] } }, true],
  ['tagpass on another value', { tagpass: { src: ['b'] } }, false],
  ['tagpass on a tag that is not there', { tagpass: { pod: ['*'] } }, false],
  ['tagpass across a slash', { tagpass: { dst_tor: ['rack*'] } }, true],
  ['tagdrop that matches', { tagdrop: { dst: ['?'] } }, false],
  ['tagdrop that does not', { tagdrop: { dst: ['??'] } }, true],
  ['tagpass and tagdrop both match', { tagpass: { src: ['a'] }, tagdrop: { dst: ['b'] } }, false],
  ['namepass does, tagpass does not', { namepass: ['*'], tagpass: { src: ['x'] } }, false],
  ['an inherited name is no tag', { tagpass: { toString: ['*'] } }, false],
];

for (const [title, config, passes] of selections) {
  test(`select: ${title}`, () => assert.equal(new Filter(config).select(METRIC), passes));
}

test('fieldinclude and fieldexclude choose fields', () => {
  const fields = (config: FilterConfig) => Object.keys(new Filter(config).modify(METRIC)?.fields ?? {});
  assert.deepEqual(fields({ fieldinclude: ['s*'] }), ['sent', 'success']);
  assert.deepEqual(fields({ fieldexclude: ['s*'] }), ['network_rtt']);
  assert.deepEqual(fields({ fieldinclude: ['s*'], fieldexclude: ['sent'] }), ['success']);
});

test('taginclude and tagexclude choose tags', () => {
  const tags = (config: FilterConfig) => new Filter(config).modify(METRIC)?.tags;
  assert.deepEqual(tags({ taginclude: ['dst*'] }), { dst: 'b', dst_tor: 'rack/7' });
  assert.deepEqual(tags({ tagexclude: ['dst*'] }), { src: 'a' });
  assert.deepEqual(tags({ taginclude: ['dst*'], tagexclude: ['*_tor'] }), { dst: 'b' });
});

test('a metric whose fields are all removed is dropped; one that never had any ends a series and passes', () => {
  const filter = new Filter({ fieldexclude: ['*'] });
  assert.equal(filter.apply(METRIC), undefined);
  const end: Metric = { ...METRIC, fields: {} };
  assert.equal(filter.apply(end), end);
});

test('nothing is copied when nothing changes, and the original is never changed', () => {
  const filter = new Filter({ namepass: ['probe'], fieldinclude: ['*'], taginclude: ['*'] });
  assert.equal(filter.apply(METRIC), METRIC);
  const before = structuredClone({ tags: METRIC.tags, fields: METRIC.fields });
  new Filter({ fieldinclude: ['sent'], tagexclude: ['src'] }).apply(METRIC);
  assert.deepEqual({ tags: METRIC.tags, fields: METRIC.fields }, before);
});
