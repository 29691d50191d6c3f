import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Metric } from '../../../../core/metric.js';
import { GridWindow } from '../../../../plugins/common/grid/store/window.js';
import { END_MS, probe, recorded, WINDOW_MS } from '../../common/grid/store/probes.js';
import { served } from './served.js';
import { briefly, located, MESH, START_MS } from './small-mesh.js';

test('a host: where it stands, its row, its column, its history, what names it', async (t) => {
  const { write, ask, clock } = await served(t);
  await write(...MESH, probe({ src: 'c', dst: 'd', transport: 'tcp', networkNs: [7] }));
  await clock.advance(WINDOW_MS);
  await write(located({ src: 'c', dst: 'a', window: 1, networkNs: [5] }));
  const { json } = await ask(`/v1/hosts/c?at=${START_MS}&stat=max`);
  assert.deepEqual(json.labels, { dc: 'dc1', pod: 'p1', tor: 't2' });
  assert.deepEqual(json.groups, { tor: 'dc1/p1/t2', pod: 'dc1/p1', dc: 'dc1' });
  assert.deepEqual(json.transports, [
    {
      transport: 'tcp',
      pairs_as_source: 1,
      pairs_as_destination: 0,
      windows: 1,
      oldest_ms: START_MS,
      newest_ms: START_MS,
    },
    {
      transport: 'udp',
      pairs_as_source: 1,
      pairs_as_destination: 2,
      windows: 2,
      oldest_ms: START_MS,
      newest_ms: END_MS,
    },
  ]);
  const { as_source: row, as_destination: column } = json;
  assert.deepEqual([row.pairs, row.loss, row.network_rtt, row.worst[0].host], [1, 1, null, 'a']);
  assert.deepEqual([column.pairs, column.counts.sent, column.loss, column.network_rtt.max], [2, 5, 0.2, 50_000]);
  const hosts = column.worst.map((pair: { host: string; network_rtt: { max: number } }) => [
    pair.host,
    pair.network_rtt.max,
  ]);
  assert.deepEqual(hosts, [
    ['a', 50_000],
    ['b', 40_000],
  ]);
  assert.equal((await ask('/v1/hosts/c?at=latest')).json.as_destination.worst.length, 0, 'no data in that window');
  const [first, second] = json.history;
  assert.deepEqual([first.start_ms, first.as_source.loss, first.as_destination.counts.sent], [START_MS, 1, 5]);
  assert.deepEqual([second.as_source.network_rtt.p50, second.as_destination, json.left_out_windows], [5, null, 0]);
  assert.deepEqual(
    json.patterns_of.map(({ level, within }: { level: string; within: string | null }) => [level, within]),
    ['host', 'tor', 'pod', 'dc'].map((level) => [level, null]),
  );
  const tcp = (await ask('/v1/hosts/d')).json;
  assert.deepEqual([tcp.transport, tcp.labels, tcp.as_source.pairs, tcp.as_destination.pairs], ['tcp', {}, 0, 1]);
  for (const [path, error] of [
    ['/v1/hosts/nobody', 'unknown_host'],
    ['/v1/hosts/d?transport=udp', 'unknown_host'],
    ['/v1/hosts/c?transport=ib', 'unknown_transport'],
    ['/v1/hosts/c?at=5', 'no_window'],
  ] as const)
    assert.deepEqual([(await ask(path)).status, (await ask(path)).json.error], [404, error], path);
});

test('a failing pair comes first on the page of its host', async (t) => {
  const { write, ask } = await served(t);
  await write(
    ...['b', 'c', 'd'].map((dst) => probe({ src: 'a', dst, ...(dst === 'c' ? { timeout: 3 } : { networkNs: [9] }) })),
  );
  const { worst } = (await ask('/v1/hosts/a?n=2')).json.as_source;
  assert.deepEqual(
    worst.map(({ host }: { host: string }) => host),
    ['c', 'b'],
  );
});

test('a pair over the windows, and how its delays are distributed', async (t) => {
  const { write, ask, clock } = await served(t);
  await write(...MESH);
  await clock.advance(WINDOW_MS);
  await write(located({ src: 'a', dst: 'b', window: 1, timeout: 3 }));
  const { json } = await ask('/v1/pairs/a/b');
  const [first, second] = json.windows;
  assert.equal(json.windows.length, 2);
  assert.deepEqual(
    [first.loss, first.network_rtt.p99, first.prober_delay.max, first.responder_delay.min, first.network_rtt.count],
    [0, 12_000, 95_000, 5_000, 2],
  );
  assert.deepEqual([second.loss, second.network_rtt, second.counts.timeout], [1, null, 3]);
  const tors = (await ask('/v1/pairs/dc1%2Fp1%2Ft1/dc1%2Fp1%2Ft2?level=tor')).json.windows;
  assert.deepEqual([tors[0].counts.success, tors[0].counts.sent, tors[0].loss], [4, 5, 0.2]);
  const cdf = (await ask(`/v1/cdf?src=a&at=${START_MS}`)).json;
  assert.deepEqual([cdf.count, cdf.values.at(-1), cdf.up_to_ns.at(-1)], [5, 5, 50_000]);
  const all = (await ask(`/v1/cdf?at=${START_MS}`)).json;
  assert.equal(all.count, 6);
  const [t1, t2] = ['dc1%2Fp1%2Ft1', 'dc1%2Fp1%2Ft2'];
  for (const [query, count] of [
    [`level=tor&src=${t1}&dst=${t2}`, 4],
    [`level=tor&dst=${t2}`, 4],
    ['level=pod&src=dc1%2Fp1', 6],
    ['level=dc&src=dc1&dst=dc1', 6],
  ] as const)
    assert.equal((await ask(`/v1/cdf?at=${START_MS}&${query}`)).json.count, count, query);
});

test('a pair of pods or DCs is the merge of all its pairs', async (t) => {
  const { write, ask } = await served(t);
  await write(...MESH);
  const merged = recorded([10_000, 12_000, 30_000, 31_000, 50_000, 40_000]);
  for (const path of ['/v1/pairs/dc1%2Fp1/dc1%2Fp1?level=pod', '/v1/pairs/dc1/dc1?level=dc']) {
    const { windows, left_out_windows: leftOut } = (await ask(path)).json;
    assert.deepEqual([windows.length, leftOut], [1, 0], path);
    const { loss, counts, network_rtt: network } = windows[0];
    assert.deepEqual([loss, counts.sent, network.p50], [5 / 11, 11, Math.round(merged.quantile(0.5))], path);
  }
});

test('the paths of a pair: what each measured, or why that is not known', async (t) => {
  const { write, ask } = await served(t);
  const onPath = (path: string, networkNs: readonly number[], timeout = 0) =>
    located({ src: 'a', dst: 'b', networkNs, timeout, tags: { path } });
  await write(onPath('10', [30_000]), onPath('2', [10_000, 12_000], 1), MESH[1] as Metric);
  const { json } = await ask('/v1/pairs/a/b/paths');
  assert.deepEqual([json.kept, json.all.counts.sent, json.all.network_rtt.max], ['yes', 4, 30_000]);
  const figures = json.paths.map((path: PathFigures) => [path.path, path.counts.sent, path.network_rtt.max]);
  assert.deepEqual(figures, [
    ['2', 3, 12_000],
    ['10', 1, 30_000],
  ]);
  const merged = (await ask('/v1/pairs/a/c/paths')).json;
  assert.deepEqual([merged.kept, merged.paths, merged.all.counts.sent], ['not_told', [], 4]);
  assert.equal((await ask('/v1/pairs/a/nobody/paths')).json.error, 'unknown_pair');
});
interface PathFigures {
  readonly path: string;
  readonly counts: { readonly sent: number };
  readonly network_rtt: { readonly max: number };
}

test('paths give way to those of newer windows; the pairs stay', async (t) => {
  const { write, ask, clock } = await served(t, { max_path_bytes: 100_000 });
  const pathsOf = (window: number) =>
    Array.from({ length: 200 }, (_, path) =>
      located({ src: 'a', dst: 'b', window, networkNs: [path * 1000], tags: { path: `${path}` } }),
    );
  await write(...pathsOf(0));
  const kept = async (at: number) => (await ask(`/v1/pairs/a/b/paths?at=${at}`)).json;
  assert.equal((await kept(START_MS)).paths.length, 200);
  await clock.advance(WINDOW_MS);
  await write(...pathsOf(1));
  assert.deepEqual([(await kept(START_MS)).kept, (await kept(START_MS)).all.counts.sent], ['dropped', 200]);
  assert.equal((await kept(END_MS)).paths.length, 200);
  const { paths } = (await ask('/v1/windows')).json.store;
  assert.deepEqual([paths.dropped_windows, paths.left_out], [1, 0]);
});

test('the worst pairs come first', async (t) => {
  const { write, ask } = await served(t);
  await write(...MESH);
  const { json } = await ask('/v1/worst?level=host&stat=loss&n=2');
  assert.deepEqual(briefly(json.pairs), ['c a 1', 'a c 0.25']);
  const [first, second] = json.pairs;
  assert.deepEqual([first.network_rtt, second.loss, second.counts.sent], [null, 0.25, 4]);
  assert.equal(second.network_rtt.max, 50_000);
  assert.deepEqual(briefly((await ask('/v1/worst?level=host&stat=max')).json.pairs), [
    'a c 50000',
    'b c 40000',
    'a b 12000',
  ]);
  const part = await ask('/v1/worst?level=host&stat=sent&src_in=tor:dc1/p1/t1&dst_in=tor:dc1/p1/t2');
  assert.deepEqual(briefly(part.json.pairs), ['a c 4', 'b c 1']);
  const tors = (await ask('/v1/worst?level=tor&stat=min')).json.pairs;
  assert.deepEqual(briefly(tors), ['dc1/p1/t1 dc1/p1/t2 30000', 'dc1/p1/t1 dc1/p1/t1 10000']);
});

test('the worst pairs are looked for once, until something has changed', async (t) => {
  const { write, ask } = await served(t);
  await write(...MESH);
  const looked = t.mock.method(GridWindow.prototype, 'seek');
  const worst = async (query: string): Promise<string[]> => {
    looked.mock.resetCalls();
    return briefly((await ask(`/v1/worst?level=host&stat=max${query}`)).json.pairs);
  };
  for (const isFirst of [true, false]) {
    for (const [query, pairs] of [
      ['&n=1', ['a c 50000']],
      ['&n=2', ['a c 50000', 'b c 40000']],
      ['&n=1&delay=prober_delay', ['a b 95000']],
      ['&n=1&dst_in=tor:dc1/p1/t1', ['a b 12000']],
    ] as const) {
      assert.deepEqual(await worst(query), pairs, query);
      assert.equal(looked.mock.callCount() > 0, isFirst, query);
    }
  }
  await write(located({ src: 'b', dst: 'a', networkNs: [99_000] }));
  assert.deepEqual(await worst('&n=1'), ['b a 99000']);
});

test('the worst pairs are those of the grid, for every figure and level', async (t) => {
  const { write, ask } = await served(t);
  await write(...MESH);
  for (const stat of ['p50', 'mean', 'count', 'loss', 'success', 'timeout'])
    for (const level of ['host', 'tor', 'dc']) {
      const query = `level=${level}&stat=${stat}`;
      const { src, dst, values } = (await ask(`/v1/grid?${query}`)).json;
      const cells = values.map((value: number | null, i: number) => ({
        src: src[Math.floor(i / dst.length)],
        dst: dst[i % dst.length],
        value,
      }));
      const ordered = cells
        .filter(({ value }: { value: number | null }) => value !== null)
        .sort((a: { value: number }, b: { value: number }) => b.value - a.value);
      assert.deepEqual(briefly((await ask(`/v1/worst?${query}`)).json.pairs), briefly(ordered), query);
    }
});
