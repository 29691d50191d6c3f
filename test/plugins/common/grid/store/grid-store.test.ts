import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Metric } from '../../../../../core/metric.js';
import { axisOf } from '../../../../../plugins/common/grid/store/axis.js';
import { COUNTS } from '../../../../../plugins/common/grid/store/cell.js';
import type { GridStore } from '../../../../../plugins/common/grid/store/grid-store.js';
import { LEVELS, type Level } from '../../../../../plugins/common/grid/store/hosts.js';
import { atOnce } from '../../../../../plugins/common/grid/store/slices.js';
import {
  countMatrix,
  countsOf,
  delayMatrices,
  lossMatrix,
  planOf,
} from '../../../../../plugins/common/grid/store/view.js';
import { at, durations, END_MS, fill, type Probes, probe, recorded, storeOf, WINDOW_MS } from './probes.js';

const HOSTS = ['a1', 'a2', 'b1', 'c1', 'd1'];
/** a1 and a2 share a ToR, b1 is in their pod, c1 in their DC; d1 has no labels. */
const PLACES: Record<string, [string, string, string]> = {
  a1: ['dc1', 'p1', 't1'],
  a2: ['dc1', 'p1', 't1'],
  b1: ['dc1', 'p1', 't2'],
  c1: ['dc1', 'p2', 't1'],
};

const located = (probes: Probes): Metric =>
  probe({
    ...probes,
    tags: { ...labels('src', probes.src), ...labels('dst', probes.dst), ...probes.tags },
  });
const labels = (end: 'src' | 'dst', host: string) => (PLACES[host] ? at(end, ...PLACES[host]) : {});

const someProbes: fc.Arbitrary<Probes> = fc.record({
  src: fc.constantFrom(...HOSTS),
  dst: fc.constantFrom(...HOSTS),
  window: fc.integer({ min: 0, max: 2 }),
  networkNs: durations,
  proberNs: durations,
  responderNs: durations,
  timeout: fc.nat({ max: 3 }),
});

/** Everything that a store can say, as plain data. */
function contentOf(store: GridStore): unknown {
  const mesh = store.mesh('udp');
  if (mesh === undefined) return undefined;
  return mesh.windows.map((window) =>
    LEVELS.map((level) => {
      const axis = axisOf(store.hosts, mesh, level);
      const plan = atOnce(planOf(mesh, axis, axis));
      const counts = atOnce(countsOf(window, plan));
      const delays = (['network_rtt', 'prober_delay', 'responder_delay'] as const).map((delay) =>
        atOnce(delayMatrices(window, plan, delay)),
      );
      return { startMs: window.startMs, names: axis.names, counts, delays, loss: lossMatrix(counts) };
    }),
  );
}

test('any order of the same metrics ends in equal answers', () => {
  fc.assert(
    fc.property(
      fc
        .array(someProbes, { maxLength: 30 })
        .chain((list) => fc.tuple(fc.constant(list), fc.shuffledSubarray(list, { minLength: list.length }))),
      ([list, shuffled]) => {
        const [one, other] = [list, shuffled].map((probes) => {
          const store = storeOf();
          for (const metric of probes.map(located)) store.add(metric, END_MS + 10 * WINDOW_MS);
          return store;
        });
        assert.deepEqual(contentOf(other!), contentOf(one!));
      },
    ),
  );
});

test('metrics by path add up to what one metric of all paths would be', () => {
  fc.assert(
    fc.property(fc.array(fc.record({ networkNs: durations, proberNs: durations }), { maxLength: 20 }), (parts) => {
      const byPath = parts.map((part, path) =>
        located({ src: 'a1', dst: 'b1', ...part, tags: { path: String(path) } }),
      );
      const networkNs = parts.flatMap((part) => part.networkNs);
      const whole = located({ src: 'a1', dst: 'b1', networkNs, proberNs: parts.flatMap((part) => part.proberNs) });
      if (parts.length === 0) return;
      assert.deepEqual(contentOf(fill(storeOf(), byPath)), contentOf(fill(storeOf(), [whole])));
    }),
  );
});

/** The names that a host of this test has at a level. */
const groupOf = (host: string, level: Level): string => {
  const [dc, pod, tor] = PLACES[host] ?? ['-', '-', ''];
  if (level === 'host' || (level === 'tor' && tor === '')) return host;
  return { tor: `${dc}/${pod}/${tor}`, pod: `${dc}/${pod}`, dc }[level];
};

test('at every level a value is the one computed from the raw durations, and loss from summed counts', () => {
  fc.assert(
    fc.property(fc.array(someProbes, { minLength: 1, maxLength: 30 }), fc.constantFrom(...LEVELS), (list, level) => {
      const probes = list.map((one) => ({ ...one, window: 0 }));
      const store = fill(storeOf(), probes.map(located));
      const mesh = store.mesh('udp')!;
      const axis = axisOf(store.hosts, mesh, level);
      const plan = atOnce(planOf(mesh, axis, axis));
      const [window] = mesh.windows;
      const counts = atOnce(countsOf(window!, plan));
      const network = atOnce(delayMatrices(window!, plan, 'network_rtt'));
      const loss = lossMatrix(counts);
      for (const [row, src] of axis.names.entries()) {
        for (const [column, dst] of axis.names.entries()) {
          const cell = row * axis.names.length + column;
          const own = probes.filter((one) => groupOf(one.src, level) === src && groupOf(one.dst, level) === dst);
          const values = recorded(own.flatMap((one) => one.networkNs ?? []));
          const timeouts = own.reduce((sum, one) => sum + (one.timeout ?? 0), 0);
          assert.deepEqual(network.p99[cell], values.count > 0 ? values.quantile(0.99) : Number.NaN);
          assert.deepEqual(network.mean[cell], values.count > 0 ? values.meanNs : Number.NaN);
          assert.equal(countMatrix(counts, 'timeout')[cell], timeouts);
          const sent = values.count + timeouts;
          assert.deepEqual(loss[cell], sent === 0 ? Number.NaN : timeouts / sent);
        }
      }
    }),
  );
});

test('a host stands where it says itself, else where others say last', () => {
  const store = storeOf();
  const toB = (window: number, tor: string) =>
    probe({ src: 'a', dst: 'b', window, networkNs: [1], tags: at('dst', 'd', 'p', tor) });
  fill(store, [toB(1, 'new'), toB(0, 'old')]);
  const torOfB = (): string => store.hosts.placeOf(store.hosts.idOf('b')!).tor;
  assert.equal(torOfB(), 'new');
  fill(store, [probe({ src: 'b', dst: 'a', networkNs: [1], tags: at('src', 'd', 'p', 'own') }), toB(2, 'newer')]);
  assert.equal(torOfB(), 'own');
});

test('names of groups are never the same for two groups', () => {
  const store = storeOf();
  const odd = [
    ['a', 'b/c', ''],
    ['a/b', 'c', ''],
    ['', '', 't'],
    ['-', '', 't'],
    ['%2D', '', 't'],
  ] as const;
  fill(
    store,
    odd.map((place, i) =>
      probe({ src: `h${i}`, dst: 'x', networkNs: [1], tags: at('src', place[0], place[1], place[2]) }),
    ),
  );
  const mesh = store.mesh('udp')!;
  assert.deepEqual(new Set(axisOf(store.hosts, mesh, 'pod').names).size, 5);
  assert.deepEqual([...axisOf(store.hosts, mesh, 'tor').names].sort(), [
    '%252D/-/t',
    '%2D/-/t',
    '-/-/t',
    'h0',
    'h1',
    'x',
  ]);
});

test('the last K windows are kept, and what is older, ahead or no probe is told apart and counted', () => {
  const store = storeOf({ windows: 3 });
  const addAt = (window: number, nowWindow = window) =>
    store.add(probe({ src: 'a', dst: 'b', window, networkNs: [5] }), END_MS + nowWindow * WINDOW_MS);
  for (const window of [0, 1, 2, 3]) assert.equal(addAt(window), 'added');
  assert.deepEqual(
    store.mesh('udp')?.windows.map(({ endMs }) => (endMs - END_MS) / WINDOW_MS),
    [1, 2, 3],
  );
  assert.equal(addAt(0, 3), 'late');
  assert.equal(addAt(1, 3), 'added', 'late, but its window is kept');
  assert.equal(addAt(5, 3), 'future');
  assert.equal(addAt(4, 3), 'added', 'a clock may be ahead by a window');
  const end = probe({ src: 'a', dst: 'b' });
  assert.equal(store.add({ ...end, fields: {} }, END_MS), 'other');
  assert.equal(store.add({ ...end, name: 'weft_engine' }, END_MS), 'other');
  for (const tags of [{ dst: '' }, { src: 'x'.repeat(254) }, { transport: '' }]) {
    assert.equal(store.add({ ...end, tags: { ...end.tags, ...tags } }, END_MS + 3 * WINDOW_MS), 'malformed');
  }
  for (const value of [-1, 0.5, Number.NaN, 2 ** 60]) {
    const fields = { sent: { kind: 'count', value, unit: 'probes' } } as const;
    assert.equal(store.add({ ...end, fields }, END_MS + 3 * WINDOW_MS), 'malformed');
  }
  assert.deepEqual(store.outcomes, { added: 6, other: 2, malformed: 7, late: 1, future: 1, full: 0, doubled: 0 });
  assert.equal(store.cells, 3);
});

test('pairs and hosts that no kept window has are forgotten', () => {
  const store = storeOf({ windows: 2 });
  for (let window = 0; window < 50; window += 1) {
    fill(store, [probe({ src: `s${window}`, dst: `d${window}`, window, networkNs: [5] })]);
    fill(store, [probe({ src: 'stays', dst: `d${window}`, window, networkNs: [5] })]);
  }
  assert.deepEqual([store.hosts.size, store.mesh('udp')?.pairs, store.cells], [5, 4, 4]);
  assert.ok(store.hosts.capacity <= 8, 'numbers are given again');
  const mesh = store.mesh('udp')!;
  assert.deepEqual([...axisOf(store.hosts, mesh, 'host').names], ['d48', 'd49', 's48', 's49', 'stays']);
});

test('beyond max_cells or max_bytes the oldest windows give way; what is older still is dropped', () => {
  const bytesOfThree = (() => {
    const full = storeOf({ windows: 9 });
    for (const window of [0, 1, 2]) fill(full, [probe({ src: 'a', dst: 'b', window, networkNs: [5] })]);
    return full.bytes;
  })();
  for (const limits of [{ maxCells: 3 }, { maxBytes: bytesOfThree }]) {
    const store = storeOf({ windows: 9, ...limits });
    for (const window of [3, 4, 5, 6])
      assert.equal(
        store.add(probe({ src: 'a', dst: 'b', window, networkNs: [5] }), END_MS + window * WINDOW_MS),
        'added',
      );
    assert.deepEqual([store.evictedWindows, store.evictedCells], [1, 1]);
    assert.equal(store.add(probe({ src: 'a', dst: 'b', window: 2, networkNs: [5] }), END_MS + 6 * WINDOW_MS), 'full');
    assert.deepEqual(
      store.mesh('udp')?.windows.map(({ endMs }) => (endMs - END_MS) / WINDOW_MS),
      [4, 5, 6],
    );
    assert.ok(store.cells <= 3 && store.bytes <= bytesOfThree);
  }
});

test('there are eight transports at most: metrics of others are dropped and counted', () => {
  const store = storeOf();
  const addOf = (transport: string) => store.add(probe({ src: 'a', dst: 'b', transport, networkNs: [5] }), END_MS);
  const transports = Array.from({ length: 8 }, (_, i) => `t${i}`);
  for (const transport of transports) assert.equal(addOf(transport), 'added');
  assert.equal(addOf('t8'), 'full');
  assert.equal(addOf('t0'), 'added', 'one that is known');
  assert.deepEqual([store.transports, store.cells], [transports, 8]);
  assert.deepEqual([store.outcomes.added, store.outcomes.full], [9, 1]);
});

test('memory does not grow with windows that come and go, nor with cells that are written again and again', () => {
  const store = storeOf({ windows: 2 });
  const round = (window: number): void => {
    for (let path = 0; path < 20; path += 1) {
      for (let dst = 0; dst < 50; dst += 1)
        fill(store, [probe({ src: 'a', dst: `b${dst}`, window, networkNs: [5 + dst, 1000 * path, 7 ** (path % 10)] })]);
    }
  };
  for (let window = 0; window < 4; window += 1) round(window);
  const { bytes } = store;
  for (let window = 4; window < 12; window += 1) round(window);
  assert.equal(store.bytes, bytes);
  const mesh = store.mesh('udp')!;
  const axis = axisOf(store.hosts, mesh, 'dc');
  const counts = atOnce(countsOf(mesh.windows[1]!, atOnce(planOf(mesh, axis, axis))));
  assert.equal(counts[COUNTS.indexOf('success')], 20 * 50 * 3);
});

test('the settled window is the one before the newest, of those that are half full', () => {
  const store = storeOf();
  const settled = () => (store.mesh('udp')!.settledWindow()!.endMs - END_MS) / WINDOW_MS;
  const report = (window: number, ...sources: string[]) =>
    fill(
      store,
      sources.map((src) => probe({ src, dst: 'x', window, networkNs: [5] })),
    );
  report(0, 'a', 'b', 'c', 'd');
  assert.equal(settled(), 0, 'the only one');
  report(1, 'a');
  assert.equal(settled(), 0);
  report(2, 'a');
  assert.equal(settled(), 0, 'the clock of a is ahead');
  report(1, 'b', 'c');
  assert.equal(settled(), 0, 'window 1 may still fill up');
  report(2, 'b');
  assert.equal(settled(), 1);
});
