#!/usr/bin/env node
// Runs the compiled tests and ends with one line, `N passed, N failed, N skipped`; before it stand the slowest files. Arguments
// choose files by a part of their path (`npm test -- core/pinglist`). A file that crashes or hangs has failed; so has a run
// without tests, and in CI (CI=true) one in which anything was skipped.
import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism as cores } from 'node:os';
import { join, relative } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { parseArgs } from 'node:util';
import { installLine, missingPackages } from './setup.mjs';
import { root } from './source-files.mjs';

/** Twice what the slowest file takes: what hangs is to be told before CI is given up. */
const FILE_TIMEOUT_MS = 6 * 60 * 1000;
const SLOWEST_SHOWN = 10;

/**
 * Which files may run beside one another: each belongs to the first phase that has the beginning of its path. They start in
 * the order of the beginnings: those that take long stand first, so that none is waited for in the end.
 */
const PHASES = [
  // Guests take a core each.
  { paths: ['lab/'], concurrency: 1 },
  // Agents that count, or wait for their windows: most of the time nothing runs. Meanwhile the C++ tests are compiled, niced.
  {
    paths: [
      ...['native/native', 'bin/demo.', 'integration/tcp.', 'integration/network', 'integration/control-plane'],
      ...['grafana', 'mesh-rows', 'ping-tcp', 'rdma-restart', 'shared-registry'].map((name) => `integration/${name}`),
    ],
    concurrency: cores() + 1,
  },
  // These measure: with a test on every core they would measure one another.
  {
    paths: [
      ...['bin/demo', 'bin/ping', 'bin/rdma', 'integration/', 'native/', 'support/'],
      ...['plugins/inputs/rdma-ud', 'plugins/inputs/tcp', 'plugins/inputs/udp'],
    ],
    concurrency: Math.max(1, Math.floor(cores() / 2)),
  },
  // Some wait for failovers.
  { paths: ['plugins/outputs/redis/delivery', 'core/pipeline/disk/killed', ''], concurrency: cores() + 1 },
];

const { values, positionals } = parseArgs({
  options: { build: { type: 'string', default: 'dist' }, concurrency: { type: 'string' } },
  allowPositionals: true,
});

const missing = missingPackages();
if (missing.length > 0) console.error(`Some tests will be skipped. To run them:\n  ${installLine(missing)}\n`);

const took = new Map();
const counts = await runAll(testFiles());
showSlowest();
const failed = counts.fail + counts.cancelled;
const skipped = counts.skipped + counts.todo;
const skipsFail = process.env.CI === 'true' && skipped > 0;
if (skipsFail) console.error('CI allows no skipped test.');
process.exitCode = failed > 0 || counts.pass === 0 || skipsFail ? 1 : 0;
console.log(`${counts.pass} passed, ${failed} failed, ${skipped} skipped`);

/** Compiled files whose source still exists: the compiler does not remove what was compiled from a deleted one. */
function testFiles() {
  const base = join(root, values.build);
  return readdirSync(join(base, 'test'), { recursive: true })
    .filter((path) => path.endsWith('.test.js'))
    .filter((path) => existsSync(join(root, 'test', path.replace(/\.js$/, '.ts'))))
    .filter((path) => positionals.length === 0 || positionals.some((part) => path.includes(part)))
    .map((path) => join(base, 'test', path))
    .sort();
}

async function runAll(files) {
  const totals = { pass: 0, fail: 0, cancelled: 0, skipped: 0, todo: 0 };
  const placeOf = ({ paths }, file) => {
    const path = relative(join(root, values.build, 'test'), file);
    return paths.findIndex((beginning) => path.startsWith(beginning));
  };
  const phaseOf = (file) => PHASES.find((phase) => placeOf(phase, file) >= 0);
  for (const phase of PHASES) {
    const own = files.filter((file) => phaseOf(file) === phase);
    own.sort((a, b) => placeOf(phase, a) - placeOf(phase, b));
    await runFiles(own, Number(values.concurrency ?? phase.concurrency), totals);
  }
  return totals;
}

function showSlowest() {
  if (took.size < 2) return;
  const slowest = [...took].sort(([, a], [, b]) => b - a).slice(0, SLOWEST_SHOWN);
  const lines = slowest.map(([file, ms]) => `${(ms / 1000).toFixed(1).padStart(7)} s  ${nameOf(file)}`);
  console.log(`\nThe slowest of ${took.size} files:\n${lines.join('\n')}\n`);
}

/** Adds the runner's own counts: it reports them as diagnostics (`pass 12`) when everything has ended. */
async function runFiles(files, concurrency, totals) {
  if (files.length === 0) return;
  const stream = run({ files, concurrency, timeout: FILE_TIMEOUT_MS });
  const underWay = new Map(files.map((file) => [file, new Set()]));
  const hung = [];
  stream.on('test:dequeue', ({ file, name }) => void underWay.get(file)?.add(name));
  stream.on('test:complete', ({ file, name, details }) => {
    underWay.get(file)?.delete(name);
    if (name !== file) return;
    took.set(file, details.duration_ms);
    if (details.error?.failureType === 'testTimeoutFailure') hung.push(file);
  });
  stream.on('test:diagnostic', ({ nesting, message }) => {
    const [, name, number] = /^(pass|fail|cancelled|skipped|todo) (\d+)$/.exec(message) ?? [];
    if (nesting === 0 && name !== undefined) totals[name] += Number(number);
  });
  // A suite skipped as a whole is not in the runner's counts, nor are its tests.
  stream.on('test:pass', ({ skip, details }) => {
    if (skip !== undefined && details.type === 'suite') totals.skipped += 1;
  });
  const report = stream.compose(spec);
  for await (const chunk of report) process.stdout.write(chunk);
  // What a file tells comes when those before it have told: only now is it known what it was at.
  for (const file of hung) {
    const tests = [...(underWay.get(file) ?? [])].filter((name) => name !== file).join(' > ');
    const limit = `${FILE_TIMEOUT_MS / 60_000} minutes`;
    console.error(`${nameOf(file)} was ended after ${limit}, at: ${tests || 'its end, with all tests done'}\n`);
  }
}

function nameOf(file) {
  return relative(join(root, values.build), file);
}
