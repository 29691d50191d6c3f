/** A mesh that is too large for its grid: the oldest windows give way, and that is told. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WINDOW_MS } from '../../common/grid/store/probes.js';
import { gridOf, served } from './served.js';
import { located, MESH } from './small-mesh.js';

test('windows that give way to limits are counted and told in the log', async (t) => {
  const { write, ask, clock, log } = await served(t, { max_cells: 4 });
  await write(...MESH);
  await clock.advance(WINDOW_MS);
  await write(located({ src: 'a', dst: 'b', window: 1, networkNs: [1] }));
  const { store } = (await ask('/v1/windows')).json;
  assert.deepEqual([store.evicted_windows, store.evicted_cells, store.cells], [1, 4, 1]);
  assert.equal(log.messages('warn').filter((message) => message.includes('max_cells')).length, 1);
});

test('while windows give way to max_bytes all the time, the log tells it every ten minutes', async (t) => {
  const inWindow = (window: number) => located({ src: 'a', dst: 'b', window, networkNs: [1] });
  const roomy = gridOf();
  await roomy.grid.write([inWindow(0)]);
  const { bytes } = roomy.grid.store;
  const { grid, write, clock, log } = await served(t, { max_bytes: `${bytes}B` });
  const warnings = () => log.lines.filter(({ level, message }) => level === 'warn' && message.includes('max_bytes'));
  const warningsAfter: number[] = [];
  await write(inWindow(0));
  for (let window = 1; window <= 121; window += 1) {
    await clock.advance(WINDOW_MS);
    const before = warnings().length;
    await write(inWindow(window));
    if (warnings().length > before) warningsAfter.push(((window - 1) * WINDOW_MS) / 60_000);
  }
  assert.equal(grid.store.evictedWindows, 121);
  assert.deepEqual(warningsAfter, [0, 10, 20]);
  assert.deepEqual(warnings()[0]?.fields, { cells: 1, bytes });
});
