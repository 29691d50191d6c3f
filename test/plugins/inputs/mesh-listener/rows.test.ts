/** What becomes of rows: each outcome has its answer and its counter. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { count } from '../../../../core/metric.js';
import { plain, probe, WINDOW_END_NS } from '../../common/grid/metrics.js';
import { startedListener, TOKENS } from './listener.js';

const S = 1_000_000_000n;

test('rows become the metrics they were made of, with their own time and tags', async (t) => {
  const listener = await startedListener(t);
  const metrics = [probe(), probe({ dst: 'c', fields: {} }), probe({ src: 'host-z', timeNs: WINDOW_END_NS - 10n * S })];
  const { status, json } = await listener.push(metrics);
  assert.deepEqual([status, json], [200, { accepted: 3, doubled: 0, refused: [] }]);
  assert.deepEqual(
    listener.acc.metrics.map(plain),
    [metrics[0], metrics[1], metrics[2]].map((each) => plain(each as never)),
  );
  const { '.received': received, ...counters } = await listener.counters();
  assert.ok((received ?? 0) > 100);
  assert.deepEqual(counters, { '.rows': 2, '.targets': 3, '.remembered': 3, '_requests{200}.requests': 1 });
});

test('rows that are not compressed are taken, too', async (t) => {
  const listener = await startedListener(t);
  assert.equal((await listener.post('{"version":1,"rows":[]}')).status, 200);
});

test('a row that comes twice is accepted again and counts once', async (t) => {
  const listener = await startedListener(t);
  await listener.push([probe(), probe({ dst: 'c' })]);
  const again = await listener.push([probe({ dst: 'c' }), probe({ dst: 'd' }), probe()]);
  assert.deepEqual([again.status, again.json], [200, { accepted: 1, doubled: 2, refused: [] }]);
  assert.deepEqual(
    listener.acc.metrics.map(({ tags }) => tags.dst),
    ['host-b', 'c', 'd'],
  );
  assert.equal((await listener.counters())['.doubled'], 2);
});

test('another part of a window, as after a restart of its agent, is no double', async (t) => {
  const listener = await startedListener(t);
  await listener.push([probe()]);
  const { json } = await listener.push([probe({ fields: { sent: count(1, 'probes') } })]);
  assert.equal(json.accepted, 1);
  const other = await listener.push([
    probe({ tags: { clock: 'user' } }),
    probe({ src: 'x' }),
    probe({ timeNs: WINDOW_END_NS - 1n }),
  ]);
  assert.equal(other.json.accepted, 3);
});

test('windows may come in any order within max_age', async (t) => {
  const listener = await startedListener(t, { max_age: '60s' });
  for (const ago of [0n, 50n, 20n, 60n]) {
    const { json } = await listener.push([probe({ timeNs: WINDOW_END_NS - (10n + ago) * S })]);
    assert.equal(json.accepted, 1, `${ago} s ago`);
  }
});

for (const [reason, timeNs, message] of [
  ['late', WINDOW_END_NS - 71n * S, /ended 61 s ago, more than max_age, 60 s/],
  ['future', WINDOW_END_NS + S, /ends 11 s from now, more than max_skew, 10 s/],
] as const) {
  test(`a row that is ${reason} is refused with 422`, async (t) => {
    const listener = await startedListener(t, { max_age: '60s' });
    const { status, json } = await listener.push([probe({ timeNs })]);
    assert.deepEqual([status, json.error], [422, reason]);
    assert.match(String(json.message), message);
    assert.deepEqual(listener.acc.metrics, []);
    const counters = await listener.counters();
    assert.deepEqual([counters[`_refused{${reason}}.rows`], counters['_requests{422}.requests']], [1, 1]);
  });
}

test('what is good in a document is taken, and each row that is not is named', async (t) => {
  const listener = await startedListener(t, { allow_src: ['host-a', 'rack1-*'] });
  const late = probe({ timeNs: WINDOW_END_NS - 1000n * S });
  const { status, json } = await listener.push([late, probe({ src: 'host-b' }), probe(), probe({ src: 'rack1-7' })]);
  assert.equal(status, 200);
  const { accepted, refused } = json as { accepted: number; refused: { row: number; error: string }[] };
  assert.deepEqual(
    [accepted, refused.map(({ row, error }) => [row, error])],
    [
      2,
      [
        [0, 'late'],
        [1, 'unknown_src'],
      ],
    ],
  );
  assert.deepEqual(
    listener.acc.metrics.map(({ tags }) => tags.src),
    ['host-a', 'rack1-7'],
  );
});

test('rows of hosts that allow_src does not name are refused with 403', async (t) => {
  const listener = await startedListener(t, { allow_src: ['host-b', 'rack*'] });
  const { status, json } = await listener.push([probe()]);
  assert.deepEqual([status, json.error], [403, 'unknown_src']);
  assert.match(String(json.message), /"host-a".*allow_src/);
  assert.equal((await listener.counters())['_refused{unknown_src}.rows'], 1);
});

test('what is malformed is refused as a whole with 400 and its place', async (t) => {
  const listener = await startedListener(t);
  const row = '{"version":1,"rows":[{"src":"a"}]}';
  for (const [body, path] of [
    [row, 'rows[0].window'],
    [gzipSync(row), 'rows[0].window'],
    ['{', ''],
    [gzipSync('{'), ''],
    [Buffer.from('no gzip'), ''],
    [gzipSync(row).subarray(0, -9), ''],
    ['', ''],
    ['"\u0000"', ''],
  ] as const) {
    const { status, json } = await listener.post(body);
    assert.deepEqual([status, json.error], [400, 'malformed'], String(body));
    const [issue] = json.issues as { path: string }[];
    assert.equal(issue?.path, path);
  }
  assert.equal((await listener.counters())['_requests{400}.requests'], 8);
});

test('what is too large, as it comes or inflated, is refused with 413', async (t) => {
  const listener = await startedListener(t, { max_body_size: '4KiB', max_inflated_size: '64KiB' });
  const spaces = (bytes: number) => Buffer.alloc(bytes, ' ');
  const chunked = { headers: { 'transfer-encoding': 'chunked' } };
  for (const [body, changes] of [
    [spaces(5000).toString(), {}],
    [spaces(5000).toString(), chunked],
    [gzipSync(spaces(65 * 1024)), {}],
    [gzipSync(spaces(2 * 1024 * 1024)), {}],
  ] as const) {
    const { status, json } = await listener.post(body, changes);
    assert.deepEqual([status, json.error], [413, 'too_large']);
  }
  assert.equal((await listener.push([probe()])).status, 200);
});

test('another encoding or type than rows have is refused with 415', async (t) => {
  const listener = await startedListener(t);
  for (const [headers, error] of [
    [{ 'content-encoding': 'br' }, 'unsupported_encoding'],
    [{ 'content-encoding': 'gzip, gzip' }, 'unsupported_encoding'],
    [{ 'content-type': 'text/plain' }, 'unsupported_media_type'],
  ] as const) {
    const { status, json } = await listener.post('{}', { headers });
    assert.deepEqual([status, json.error], [415, error]);
  }
});

test('no token, no entry: 401, and 403 with one of readers', async (t) => {
  const listener = await startedListener(t);
  for (const token of [undefined, 'nonsense', '', `${TOKENS.agent}x`]) {
    const { status, json } = await listener.push([probe()], { token });
    assert.deepEqual([status, json.error], [401, 'unauthorized']);
  }
  const { status, json } = await listener.push([probe()], { token: TOKENS.reader });
  assert.deepEqual([status, json.error], [403, 'wrong_role']);
  assert.equal((await listener.push([probe()], { token: TOKENS.admin })).status, 200);
  assert.equal(listener.acc.metrics.length, 1);
  const counters = await listener.counters();
  assert.deepEqual([counters['_requests{401}.requests'], counters['_requests{403}.requests']], [4, 1]);
});

test('what is forgotten is late: no row counts twice, and memory is free again', async (t) => {
  const listener = await startedListener(t, { max_age: '60s' });
  await listener.push([probe()]);
  listener.clock.stall(71_000);
  assert.equal((await listener.push([probe()])).json.error, 'late');
  assert.equal((await listener.push([probe({ timeNs: WINDOW_END_NS + 60n * S })])).json.accepted, 1);
  listener.clock.stall(20_000);
  await listener.push([]);
  assert.equal((await listener.counters())['.remembered'], 1);
});

test('more targets than can be known again are refused with 503 until older ones are forgotten', async (t) => {
  const listener = await startedListener(t, { max_remembered: 2, max_age: '60s' });
  await listener.push([probe(), probe({ dst: 'c' })]);
  const { status, json, headers } = await listener.push([probe({ dst: 'd' })]);
  assert.deepEqual([status, json.error, headers['retry-after']], [503, 'full', '10']);
  listener.clock.stall(90_000);
  const later = WINDOW_END_NS + 80n * S;
  assert.equal((await listener.push([probe({ dst: 'd', timeNs: later })])).json.accepted, 1);
  assert.equal(listener.acc.metrics.length, 3);
});
