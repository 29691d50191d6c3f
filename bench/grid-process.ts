/** Fills a grid store with bounded, made-up rows, asks it for grids, and prints GridFigures as one line of JSON. */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { DELAYS } from '../plugins/common/grid/store/cell.js';
import { GridStore } from '../plugins/common/grid/store/grid-store.js';
import { type View, Views } from '../plugins/common/grid/store/views.js';
import type { GridFigures } from './grid.js';
import { HOSTS, MeshFleet, TARGETS, TORS, WINDOW_MS } from './mesh-fleet.js';
import { quantile } from './statistics.js';

const FIRST_END_MS = 1_767_225_610_000;
/** Rows between two questions, while rows arrive. */
const ROWS_PER_QUESTION = 10;

const windows = Number(process.argv[2]);
const fleet = new MeshFleet();
const store = new GridStore({ windowMs: WINDOW_MS, windows, maxCells: 4e7, maxBytes: 2 ** 31, maxPathBytes: 2 ** 26 });
const views = new Views(store, () => ({ badLoss: 0.05, badNs: 5e6, share: 0.8 }));

const before = process.cpuUsage();
for (let window = 0; window < windows; window += 1) for (let host = 0; host < HOSTS; host += 1) addRow(host, window);
const { user, system } = process.cpuUsage(before);
const addUs = (user + system) / (windows * HOSTS * TARGETS);

const firstMs: number[] = [];
const mesh = store.mesh('udp');
const loop = monitorEventLoopDelay({ resolution: 1 });
loop.enable();
for (const { startMs } of mesh?.windows.slice(0, 5) ?? []) firstMs.push(await answerMs(startMs, 0));
loop.disable();
const answersMs: number[] = [];
for (let window = windows; window < windows + 2; window += 1) {
  for (let host = 0; host < HOSTS; host += 1) {
    addRow(host, window);
    if (host % ROWS_PER_QUESTION > 0) continue;
    answersMs.push(await answerMs(undefined, host / ROWS_PER_QUESTION));
    await setImmediate();
  }
}

const figures: GridFigures = {
  cells: store.cells,
  bytesPerCell: store.bytes / store.cells,
  rssMb: process.memoryUsage.rss() / 1e6,
  addUs,
  tors: TORS,
  firstMs: quantile(firstMs, 0.5),
  blockedMs: loop.max / 1e6,
  answerP50Ms: quantile(answersMs, 0.5),
  answerP99Ms: quantile(answersMs, 0.99),
  answers: answersMs.length,
};
console.log(JSON.stringify(figures));

/** Time from a question to its body, as JSON; the delays take turns. */
async function answerMs(startMs: number | undefined, turn: number): Promise<number> {
  const delay = DELAYS[turn % DELAYS.length] ?? 'network_rtt';
  const asked = performance.now();
  const query = { transport: 'udp', startMs, level: 'tor', delay, srcIn: undefined, dstIn: undefined } as const;
  const view = (await views.get(query, asked)) as View;
  const body = JSON.stringify({ names: view.rows.names, values: Array.from(view.delay.p99, Math.round) });
  if (body.length < HOSTS) throw new Error('the grid is empty');
  return performance.now() - asked;
}

function addRow(host: number, window: number): void {
  const nowMs = FIRST_END_MS + window * WINDOW_MS;
  for (const metric of fleet.metrics(host, nowMs)) store.add(metric, nowMs);
}
