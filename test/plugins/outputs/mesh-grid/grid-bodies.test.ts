/** What grids are written down as, and that a large one does not hold up what else is asked. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { atOnce } from '../../../../plugins/common/grid/store/slices.js';
import type { View } from '../../../../plugins/common/grid/store/views.js';
import { CELLS_PER_SLICE, jsonOf } from '../../../../plugins/outputs/mesh-grid/api/grid-bodies.js';
import { LastBodies } from '../../../../plugins/outputs/mesh-grid/api/last-bodies.js';
import { probe } from '../../common/grid/store/probes.js';
import { served } from './served.js';

const HEAD = { unit: 'ns', src: ['a "quoted" one', 'b'], patterns: [] };
const figureOf = (cell: number): number => (cell % 5 === 0 ? Number.NaN : cell / 4);

for (const cells of [0, 1, CELLS_PER_SLICE, CELLS_PER_SLICE + 1, 3 * CELLS_PER_SLICE]) {
  test(`JSON of ${cells} cells is that of the whole`, () => {
    const figures = Float64Array.from({ length: cells }, (_, cell) => figureOf(cell));
    const states = Uint8Array.from({ length: cells }, (_, cell) => cell % 3);
    const whole = {
      ...HEAD,
      values: Array.from(figures, (value) => (Number.isNaN(value) ? null : value)),
      states: Array.from(states, (state) => '-xv'[state]).join(''),
    };
    assert.equal(atOnce(jsonOf(HEAD, figures, states)).toString(), JSON.stringify(whole));
  });
}

/** How often the event loop comes round while something is under way. */
async function turnsDuring(work: Promise<unknown>): Promise<number> {
  let [turns, isDone] = [0, false];
  const turn = (): void => {
    turns += 1;
    if (!isDone) setImmediate(turn);
  };
  setImmediate(turn);
  await work.finally(() => {
    isDone = true;
  });
  return turns;
}

test('while a million cells are written down, the event loop comes round for each slice', async (t) => {
  const { write, ask } = await served(t);
  const hosts = 1024;
  await write(...Array.from({ length: hosts }, (_, i) => probe({ src: `h${i}`, dst: 'h0', networkNs: [1] })));
  for (const [path, accept] of [
    ['/v1/grid?level=host', 'application/json'],
    ['/v1/grid?level=host', 'application/octet-stream'],
    ['/v1/grid.csv?level=host', 'text/csv'],
  ] as const) {
    // The view is made now, and another body of it. HEAD makes the body and does not transfer it, which would take turns, too.
    assert.equal((await ask(`${path}&stat=loss`, { headers: { accept } })).status, 200);
    const turns = await turnsDuring(ask(path, { method: 'HEAD', headers: { accept } }));
    assert.ok(turns >= hosts ** 2 / CELLS_PER_SLICE, `${path} as ${accept}: ${turns} turns`);
  }
});

test('what is kept of an answer is of its form, and of the rows that have come', async (t) => {
  const { write, ask } = await served(t);
  const path = '/v1/grid?level=host&stat=timeout';
  const valuesOf = async () => (await ask(path)).json.values;
  const lost = (timeout: number) => probe({ src: 'a', dst: 'b', timeout });
  await write(lost(1));
  assert.deepEqual([await valuesOf(), await valuesOf()], Array(2).fill([null, 1, null, null]));
  const binary = await ask(path, { headers: { accept: 'application/octet-stream' } });
  assert.match(binary.body.toString('latin1'), /^WFG1/);
  await write(lost(2));
  assert.deepEqual(await valuesOf(), [null, 3, null, null]);
});

test('a body is made once for all who ask for one form of a view', async () => {
  const bodies = new LastBodies();
  const [view, other] = [{} as View, {} as View];
  let made = 0;
  const make = async () => {
    made += 1;
    return Buffer.from(String(made));
  };
  const get = async (of: View, form: string) => String(await bodies.get(of, form, make));
  assert.deepEqual(await Promise.all([get(view, 'p50'), get(view, 'p50')]), ['1', '1']);
  assert.deepEqual([await get(other, 'p50'), await get(view, 'p99'), await get(view, 'p99')], ['2', '3', '3']);
});
