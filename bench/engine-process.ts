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
  port,
  setTargets,
  stats,
} from '../native/index.js';
import type { ProberPlan, ProberResult } from './engine-ends.js';
import { loopbackAddress } from './loopback.js';
import { processCpuNs, pumpAndMeasure, pumpUntilClosed } from './pumping.js';

/** As the agent has them. */
const TIMEOUT_US = { udp: 500_000, tcp: 3_000_000 };
const MAX_CONNECTIONS = 1024;

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
  startWorker({ handle }, () => print({ cpuNs: processCpuNs() }));
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
  if (plan !== undefined) return pumpAndMeasure(handle, plan);
  pumpUntilClosed(handle);
  return undefined;
}
