/**
 * npm run bench [-- [suite…] [--quick] [--soak MINUTES] [--json FILE] [--check]]
 * Runs the suites one after the other and prints one table: what was measured, the raw C loop's figure, their ratio and
 * the budget of the design.
 */

import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import type { BenchOptions, BenchRow, Suite } from './bench-row.js';
import { formatTable } from './table.js';

const SUITES: Readonly<Record<string, () => Promise<Suite>>> = {
  recording: () => import('./recording.js'),
  pinglists: () => import('./pinglists.js'),
  rows: () => import('./rows.js'),
  'fault-run': () => import('./fault-run.js'),
  'disk-buffer': () => import('./disk-buffer.js'),
  influxdb: () => import('./influxdb.js'),
  redis: () => import('./redis.js'),
  engine: () => import('./engine.js'),
  'tcp-engine': () => import('./tcp-engine.js'),
  'rdma-engine': () => import('./rdma-engine.js'),
  accuracy: () => import('./accuracy.js'),
  'tcp-accuracy': () => import('./tcp-accuracy.js'),
  'prometheus-scrape': () => import('./prometheus-scrape.js'),
  otlp: () => import('./otlp.js'),
  idle: () => import('./idle.js'),
  agent: () => import('./agent.js'),
  'agent-rdma': () => import('./agent-rdma.js'),
  controller: () => import('./controller.js'),
  grid: () => import('./grid.js'),
  'mesh-server': () => import('./mesh-server.js'),
  dashboard: () => import('./dashboard.js'),
  demo: () => import('./demo.js'),
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: 'boolean', default: false },
    soak: { type: 'string', default: '0' },
    json: { type: 'string' },
    check: { type: 'boolean', default: false },
  },
});

const soakMinutes = Number(values.soak);
const unknown = positionals.filter((name) => SUITES[name] === undefined);
if (unknown.length > 0 || !(soakMinutes >= 0)) {
  console.error(`unknown suite or option: ${unknown.join(', ')}; suites are ${Object.keys(SUITES).join(', ')}`);
  process.exitCode = 2;
} else {
  const rows = await runSuites(positionals.length > 0 ? positionals : Object.keys(SUITES), {
    quick: values.quick,
    soakMinutes,
  });
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(rows, undefined, 2)}\n`);
  if (values.check && rows.some((row) => row.ok === false)) process.exitCode = 1;
}

async function runSuites(names: readonly string[], options: BenchOptions): Promise<BenchRow[]> {
  const all: BenchRow[] = [];
  for (const name of names) {
    console.error(`${name} …`);
    const suite = await SUITES[name]?.();
    const rows = (await suite?.run(options)) ?? [];
    console.log(formatTable(name, rows));
    all.push(...rows);
  }
  return all;
}
