/** Rows as they should not be, through a real listener into a grid: what docs/rows.md says becomes of each is what does. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { Metric } from '../../core/metric.js';
import { GridServer } from '../../plugins/outputs/mesh-grid/grid-server.js';
import type { Answered } from '../controller/api/controller.js';
import { probe, WINDOW_END_NS, WINDOW_MS } from '../plugins/common/grid/metrics.js';
import { startedListener, type TestListener, TOKENS } from '../plugins/inputs/mesh-listener/listener.js';
import { configOf } from '../plugins/outputs/mesh-grid/served.js';
import { MemoryLog } from '../support/memory-log.js';

const S = 1_000_000_000n;
/** The listener's clock stands 10 s before the end of the window of `probe()`. */
const LISTENER = { max_age: '60s', max_skew: '30s', max_body_size: '64KiB', allow_src: ['host-*'] };
const GRID = { windows: 3 };

type Case = (listener: TestListener) => Promise<Answered>;

const after = (seconds: bigint, options = {}): Metric => probe({ timeNs: WINDOW_END_NS + seconds * S, ...options });
const onceMore: Case = async (listener) => {
  await listener.push([probe()]);
  return listener.push([probe()]);
};
const newestFirst: Case = async (listener) => {
  await listener.push([after(0n)]);
  return listener.push([after(-10n)]);
};
const beyondWindows: Case = async (listener) => {
  await listener.push([after(0n)]);
  return listener.push([after(-30n)]);
};

/** By the first column of the table. */
const CASES: Readonly<Record<string, Case>> = {
  good: (listener) => listener.push([probe()]),
  'out of order: an older window after a newer one': newestFirst,
  'there already, at this listener': onceMore,
  'late: the window ended more than `max_age` ago': (listener) => listener.push([after(-71n)]),
  'late for the grid: the window is older than `windows`': beyondWindows,
  'from the future: the window ends later than `max_skew` from now': (listener) => listener.push([after(30n)]),
  'from the future for the grid: it ends more than a window from now': (listener) => listener.push([after(20n)]),
  'of an unknown agent: `allow_src` does not name it': (listener) => listener.push([probe({ src: 'stranger' })]),
  'of a host or target with a name over 253 characters': (listener) => listener.push([probe({ dst: 'x'.repeat(254) })]),
  'malformed: no gzip, no JSON, or not of the form': (listener) => listener.post(Buffer.from('no gzip')),
  'oversized: over `max_body_size`, or `max_inflated_size` inflated': (listener) =>
    listener.post(gzipSync(Buffer.alloc(20 * 1024 * 1024, ' '))),
  'of another content type or encoding': (listener) => listener.post('{}', { headers: { 'content-type': 'text/csv' } }),
  'without a token, or with a wrong one': (listener) => listener.push([probe()], { token: 'wrong-token-0123456789' }),
  'with a token of the role `reader`': (listener) => listener.push([probe()], { token: TOKENS.reader }),
  'more than the grid may hold (`max_cells`, `max_bytes`), and the oldest': async (listener) => {
    await listener.push([after(0n)]);
    return listener.push([after(-10n)]);
  },
};
/** Of the grid, where a case needs them. */
const GRID_OPTIONS: Readonly<Record<string, object>> = {
  'more than the grid may hold (`max_cells`, `max_bytes`), and the oldest': { max_cells: 1 },
};

const expected = table();

test('the table of docs/rows.md has all cases, and no others', () => {
  assert.deepEqual([...expected.keys()].sort(), Object.keys(CASES).sort());
});

for (const [name, run] of Object.entries(CASES)) {
  test(`rows that are ${name}`, async (t) => {
    const { answer, counter, outcome } = expected.get(name) ?? assert.fail('the table lacks it');
    const { listener, grid, deliver } = await rig(t, GRID_OPTIONS[name]);
    const { status, json } = await run(listener);
    await deliver();
    const [, code, error] = /^(\d{3})(?: `(\w+)`)?$/.exec(answer) ?? assert.fail(answer);
    assert.deepEqual([status, json.error], [Number(code), error]);
    assert.ok(((await listener.counters())[keyOf(counter)] ?? 0) > 0, `${counter} counts it`);
    const passed = Object.entries(grid.store.outcomes).filter(([, metrics]) => metrics > 0);
    if (outcome === '–') assert.ok(grid.store.outcomes.added === (name.startsWith('there already') ? 1 : 0));
    else
      assert.ok(
        passed.some(([counted]) => `\`${counted}\`` === outcome),
        `${outcome}: ${JSON.stringify(passed)}`,
      );
    const [metric] = grid.selfMetrics(1n);
    for (const [counted, metrics] of passed) {
      assert.deepEqual(metric?.fields[counted], { kind: 'count', value: metrics, unit: 'metrics' });
    }
  });
}

/** A listener whose metrics go into a grid, on one clock. */
async function rig(t: TestContext, gridOptions: object = {}) {
  const listener = await startedListener(t, LISTENER);
  const agent = { hostname: 'grid', labels: {}, version: '0', windowMs: WINDOW_MS };
  const context = { name: 'mesh-grid', log: new MemoryLog(), clock: listener.clock, agent, board: undefined as never };
  const grid = new GridServer(configOf({ ...GRID, ...gridOptions }), context);
  t.after(() => grid.close());
  return { listener, grid, deliver: () => grid.write(listener.acc.metrics) };
}

interface Expected {
  /** Status and error of the listener's answer. */
  readonly answer: string;
  /** Of the listener: `rows`, `refused{late}`, … */
  readonly counter: string;
  /** What the grid counts it as; `–`: it does not come so far. */
  readonly outcome: string;
}

function table(): Map<string, Expected> {
  const page = readFileSync(new URL('../../../docs/rows.md', import.meta.url), 'utf8');
  const [, section = ''] = page.split('## What becomes of rows');
  const lines = section.split('\n').filter((line) => line.startsWith('| '));
  const cells = lines.slice(1).map((line) => line.slice(2, -2).split(' | '));
  return new Map(
    cells.map(([name = '', answer = '', counter = '', outcome = '']) => [name, { answer, counter, outcome }]),
  );
}

/** As TestListener names it. */
function keyOf(counter: string): string {
  const [, name = '', , tag] = /^`(\w+)(\{(\w+)\})?`$/.exec(counter) ?? assert.fail(counter);
  return tag === undefined ? `.${name}` : `_${name}{${tag}}.${name === 'refused' ? 'rows' : name}`;
}
