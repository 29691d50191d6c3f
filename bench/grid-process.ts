/** Fills a grid store with bounded, made-up rows, asks it for grids, and prints GridFigures as one line of JSON. */

import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate } from 'node:timers/promises';
import { Distribution } from '../core/distribution.js';
import { count, distribution, type Metric, type Tags } from '../core/metric.js';
import { closFleet } from '../core/pinglist/generate/clos.js';
import { DELAYS } from '../plugins/common/grid/store/cell.js';
import { GridStore } from '../plugins/common/grid/store/grid-store.js';
import { type View, Views } from '../plugins/common/grid/store/views.js';
import type { GridFigures } from './grid.js';
import { quantile } from './statistics.js';

const HOSTS = 10_000;
const HOSTS_PER_TOR = 40;
const TARGETS = 30;
const PROBES = 10;
const WINDOW_MS = 10_000;
const FIRST_END_MS = 1_767_225_610_000;
/** Rows between two questions, while rows arrive. */
const ROWS_PER_QUESTION = 10;
const MEDIANS_NS = [30_000, 200_000, 15_000];
/** Distributions that are handed out again and again: making them is not what is measured. */
const SAMPLES = 4000;

const windows = Number(process.argv[2]);
const fleet = closFleet({ hosts: HOSTS, hostsPerTor: HOSTS_PER_TOR });
const samples = MEDIANS_NS.map((medianNs) => Array.from({ length: SAMPLES }, () => sample(medianNs)));
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
  tors: HOSTS / HOSTS_PER_TOR,
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

/** Half of the targets are under the host's own ToR, the others each under another one. */
function addRow(host: number, window: number): void {
  const nowMs = FIRST_END_MS + window * WINDOW_MS;
  const tor = Math.floor(host / HOSTS_PER_TOR);
  const place = host % HOSTS_PER_TOR;
  const near = TARGETS / 2;
  for (let target = 0; target < TARGETS; target += 1) {
    const isNear = target < near;
    const otherTor = (tor + 1 + ((place * near + target) % (HOSTS / HOSTS_PER_TOR - 1))) % (HOSTS / HOSTS_PER_TOR);
    const other = isNear ? (place + 1 + target) % HOSTS_PER_TOR : place;
    store.add(metricOf(host, (isNear ? tor : otherTor) * HOSTS_PER_TOR + other, nowMs), nowMs);
  }
}

function metricOf(src: number, dst: number, endMs: number): Metric {
  const i = (src * 31 + dst * 17 + endMs / WINDOW_MS) % SAMPLES;
  const [network, prober, responder] = samples.map((of) => of[i] ?? new Distribution());
  const none = count(0, 'probes');
  const all = count(PROBES, 'probes');
  return {
    name: 'probe',
    tags: { transport: 'udp', clock: 'kernel', ...endTags('src', src), ...endTags('dst', dst) },
    fields: {
      sent: all,
      success: all,
      timeout: none,
      send_error: none,
      invalid: none,
      late: none,
      duplicate: none,
      ...(network && { network_rtt: distribution(network) }),
      ...(prober && { prober_delay: distribution(prober) }),
      ...(responder && { responder_delay: distribution(responder) }),
    },
    timeNs: BigInt(endMs) * 1_000_000n,
  };
}

function endTags(end: 'src' | 'dst', host: number): Tags {
  const { id = '', labels = {} } = fleet[host] ?? {};
  return {
    [end]: id,
    [`${end}_dc`]: labels.dc ?? '',
    [`${end}_pod`]: labels.pod ?? '',
    [`${end}_tor`]: labels.tor ?? '',
  };
}

/** Log-normal, as delays are. */
function sample(medianNs: number): Distribution {
  const values = new Distribution();
  for (let i = 0; i < PROBES; i += 1) {
    const gaussian = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
    values.record(medianNs * Math.exp(gaussian * 0.3));
  }
  return values;
}
