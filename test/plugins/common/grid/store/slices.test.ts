import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Delay } from '../../../../../plugins/common/grid/store/cell.js';
import type { GridStore } from '../../../../../plugins/common/grid/store/grid-store.js';
import type { Mesh } from '../../../../../plugins/common/grid/store/mesh.js';
import { CELLS_PER_STEP, inSlices, type Steps } from '../../../../../plugins/common/grid/store/slices.js';
import { type View, Views } from '../../../../../plugins/common/grid/store/views.js';
import { fill, probe, storeOf } from './probes.js';

function meshOf(store: GridStore): Mesh {
  const mesh = store.mesh('udp');
  assert.ok(mesh);
  return mesh;
}
const small = () => fill(storeOf(), [probe({ src: 'a', dst: 'b', networkNs: [1] })]);

/** Whatever runs between the steps of what is awaited. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let turns = 0;
  let isOver = false;
  const turn = (): void => {
    turns += 1;
    if (!isOver) setImmediate(turn);
  };
  setImmediate(turn);
  await work;
  isOver = true;
  return turns;
}

test('others run between the steps', async () => {
  function* steps(): Steps<string> {
    for (let i = 0; i < 20; i += 1) yield;
    return 'done';
  }
  assert.ok((await turnsDuring(inSlices(meshOf(small()), steps))) >= 10);
  assert.equal(await inSlices(meshOf(small()), steps), 'done');
});

test('work that a dropped window makes void is begun anew, and in the end done at once', async () => {
  const store = small();
  const mesh = meshOf(store);
  for (const [drops, begun] of [
    [0, 1],
    [1, 2],
    [9, 3],
  ] as const) {
    let beginnings = 0;
    function* steps(): Steps<number> {
      beginnings += 1;
      yield;
      if (beginnings <= drops) {
        fill(store, [probe({ src: 'a', dst: 'b', window: beginnings, networkNs: [1] })]);
        mesh.dropOldest();
      }
      yield;
      return beginnings;
    }
    assert.equal(await inSlices(mesh, steps), begun, `${drops} drops`);
  }
});

test('the first look at a large window is made in slices, once for all who ask', async () => {
  const hosts = Array.from({ length: 2 * CELLS_PER_STEP }, (_, i) => `h${i}`);
  const store = fill(
    storeOf(),
    hosts.map((src) => probe({ src, dst: 'h0', networkNs: [1000], tags: { src_dc: 'd', dst_dc: 'd' } })),
  );
  const views = new Views(store, () => ({ badLoss: 1, badNs: 1, share: 1 }));
  const query = { transport: 'udp', startMs: undefined, level: 'dc', srcIn: undefined, dstIn: undefined } as const;
  const ask = () => views.get({ ...query, delay: 'network_rtt' }, 0);
  const [one, other] = [ask(), ask()];
  // At least: a step of counts and one of delays in the midst of the work.
  assert.ok((await turnsDuring(Promise.all([one, other]))) >= 4);
  assert.equal(await one, await other);
});

test('views that differ in the delay alone share what is made of the counts, until a row comes', async () => {
  const store = fill(storeOf(), [probe({ src: 'a', dst: 'b', networkNs: [1000], proberNs: [10] })]);
  const views = new Views(store, () => ({ badLoss: 1, badNs: 1, share: 1 }));
  const query = { transport: 'udp', startMs: undefined, level: 'host', srcIn: undefined, dstIn: undefined } as const;
  const ask = async (delay: Delay): Promise<View> => {
    const view = await views.get({ ...query, delay }, 0);
    assert.ok(typeof view !== 'string');
    return view;
  };
  const [prober, network] = [await ask('prober_delay'), await ask('network_rtt')];
  assert.equal(network.counts, prober.counts);
  assert.deepEqual([prober.delay.max[1], network.delay.max[1]], [10, 1000]);
  fill(store, [probe({ src: 'a', dst: 'b', networkNs: [3000], proberNs: [30] })]);
  const [laterNetwork, laterProber] = [await ask('network_rtt'), await ask('prober_delay')];
  assert.notEqual(laterNetwork.counts, network.counts);
  assert.equal(laterProber.counts, laterNetwork.counts);
  assert.deepEqual([laterProber.delay.max[1], laterNetwork.delay.max[1]], [30, 3000]);
});
