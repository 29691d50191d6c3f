/**
 * One end of an engine in a process of its own, so that its CPU time is its own: started by the suites with a role and
 * its options as JSON, prints JSON lines. The engine is pumped in a worker, as in the agent.
 */

import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import {
  close,
  createTcpProber,
  createUdpProber,
  createUdpReflector,
  type EngineHandle,
  newSliceBuffer,
  port,
  pump,
  RESULT_NAMES,
  Slice,
  setTargets,
  stats,
} from '../native/index.js';
import type { ProberPlan, ProberResult } from './engine-ends.js';
import { loopbackAddress } from './loopback.js';

const SLICE_MS = 100;
/** Samples kept for the quantiles; further probes are only counted. */
const MAX_SAMPLES = 2_000_000;
/** As the agent has them. */
const TIMEOUT_US = { udp: 500_000, tcp: 3_000_000 };
const MAX_CONNECTIONS = 1024;
const SUCCESS = RESULT_NAMES.indexOf('success');

type Job = { readonly handle: number; readonly plan?: ProberPlan };

if (!isMainThread) parentPort?.postMessage(runJob(workerData as Job));
else if (process.argv[2] === 'reflector') runReflector();
else runProber(JSON.parse(process.argv[3] ?? '{}') as ProberPlan);

function runReflector(): void {
  const handle = createUdpReflector({
    address: '0.0.0.0',
    port: 0,
    allowedPrefixes: [],
    rateLimit: 0,
    timestamps: 'auto',
    key: new Uint8Array(),
  });
  print({ port: port(handle) });
  process.once('SIGTERM', () => close(handle));
  startWorker({ handle }, () => {
    const usage = process.cpuUsage();
    print({ cpuNs: (usage.user + usage.system) * 1000 });
  });
}

function runProber(plan: ProberPlan): void {
  const handle = createProber(plan.transport);
  const targets = Array.from({ length: plan.targets }, (_, id) => ({
    id,
    address: loopbackAddress(id),
    port: plan.port,
    intervalUs: plan.intervalUs,
    timeoutUs: TIMEOUT_US[plan.transport],
    paths: 1,
    payloadBytes: plan.transport === 'udp' ? 44 : 0,
    dscp: 0,
    ttl: 64,
    plain: false,
  }));
  setTargets(handle, targets);
  startWorker({ handle, plan }, (result) => {
    print({ ...(result as ProberResult), stats: stats(handle) });
    close(handle);
  });
}

function createProber(transport: ProberPlan['transport']): EngineHandle {
  const source = { sourceAddress4: '', sourceAddress6: '' };
  if (transport === 'tcp') return createTcpProber({ ...source, maxConnections: MAX_CONNECTIONS });
  return createUdpProber({ ...source, timestamps: 'auto', key: new Uint8Array() });
}

function startWorker(job: Job, done: (result: unknown) => void): void {
  new Worker(new URL(import.meta.url), { workerData: job }).once('message', done);
}

function print(line: object): void {
  process.stdout.write(`${JSON.stringify(line)}\n`);
}

function runJob({ handle, plan }: Job): ProberResult | undefined {
  if (plan !== undefined) return probe(handle, plan);
  const buffer = newSliceBuffer();
  do pump(handle, SLICE_MS, buffer);
  while (!new Slice(buffer).closed);
  return undefined;
}

/** Pumps through the warm-up, then counts for the measured time. Runs in the worker. */
function probe(handle: number, plan: ProberPlan): ProberResult {
  pumpFor(handle, plan.warmUpMs, () => {});
  const counts = RESULT_NAMES.map(() => 0);
  const network = new Float64Array(MAX_SAMPLES);
  const program = new Float64Array(MAX_SAMPLES);
  let samples = 0;
  const cpuBefore = process.cpuUsage();
  const wallMs = pumpFor(handle, plan.measureMs, (slice) => {
    for (let i = 0; i < slice.count; i++) {
      const result = slice.result(i);
      counts[result] = (counts[result] ?? 0) + 1;
      const networkRttNs = slice.networkRttNs(i);
      // A TCP probe whose SYN was sent again is a success without one.
      if (result !== SUCCESS || Number.isNaN(networkRttNs) || samples === MAX_SAMPLES) continue;
      network[samples] = networkRttNs;
      program[samples++] = slice.programRttNs(i);
    }
  });
  const cpu = process.cpuUsage(cpuBefore);
  const quantile = (values: Float64Array, q: number): number => values[Math.floor((samples - 1) * q)] ?? Number.NaN;
  const sorted = [network, program].map((values) => values.subarray(0, samples).sort());
  const [networkSorted = network, programSorted = program] = sorted;
  return {
    results: Object.fromEntries(RESULT_NAMES.map((name, i) => [name, counts[i] ?? 0])),
    success: counts[SUCCESS] ?? 0,
    wallNs: wallMs * 1e6,
    cpuNs: (cpu.user + cpu.system) * 1000,
    networkP50Ns: quantile(networkSorted, 0.5),
    networkP99Ns: quantile(networkSorted, 0.99),
    programP50Ns: quantile(programSorted, 0.5),
    programP99Ns: quantile(programSorted, 0.99),
  };
}

/** Pumps for at least `ms` and returns how long it was, ms. */
function pumpFor(handle: number, ms: number, onSlice: (slice: Slice) => void): number {
  const start = performance.now();
  const buffer = newSliceBuffer();
  while (performance.now() - start < ms) {
    pump(handle, SLICE_MS, buffer);
    onSlice(new Slice(buffer));
  }
  return performance.now() - start;
}
