/**
 * Two RDMA engines over the fake verbs library (WEFT_LIBIBVERBS): one probes on fake0, one reflects on fake1, each pumped
 * in a worker, as in the agent. Both in this process, since the library's devices exist in one process only. Started by
 * rdma-engine.ts with its plan as JSON; prints one line and stays until it is killed, with nothing under way.
 */

import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { createRdmaEngine, type EngineHandle, rdmaStatus, setTargets, stats } from '../native/index.js';
import type { ProberResult } from './engine-ends.js';
import { threadCpuNs } from './process-usage.js';
import { type PumpingTime, processCpuNs, pumpAndMeasure, pumpFor, pumpUntilClosed } from './pumping.js';
import { type RdmaPlan, RECEIVE_SLOTS } from './rdma-plan.js';

type Job = { readonly handle: EngineHandle; readonly measure?: PumpingTime; readonly settle?: true };

const TIMEOUT_US = 500_000;
/** Few, since it is the memory of the engine that is watched. */
const MAX_SAMPLES = 50_000;

if (isMainThread) await main(JSON.parse(process.argv[2] ?? '{}') as RdmaPlan);
else parentPort?.postMessage(runJob(workerData as Job));

async function main(plan: RdmaPlan): Promise<void> {
  const prober = createEngine('fake0', 'probe');
  const reflector = createEngine('fake1', 'reflect');
  const { gid, qpn, lid } = rdmaStatus(reflector);
  const targets = Array.from({ length: plan.targets }, (_, id) => ({
    id,
    address: gid,
    qpn,
    lid,
    port: 0,
    intervalUs: plan.intervalUs,
    timeoutUs: TIMEOUT_US,
    paths: 1,
    payloadBytes: 40,
    dscp: 0,
    ttl: 64,
    plain: false,
  }));
  setTargets(prober, targets);
  void inWorker({ handle: reflector });
  const result = await inWorker({ handle: prober, measure: plan });
  setTargets(prober, []);
  await inWorker({ handle: prober, settle: true });
  const { sent, success } = stats(prober);
  const { reflector_dropped: dropped } = stats(reflector);
  process.stdout.write(`${JSON.stringify({ ...(result as ProberResult), sent, succeeded: success, dropped })}\n`);
}

function createEngine(device: string, role: 'probe' | 'reflect'): EngineHandle {
  return createRdmaEngine({
    device,
    port: 1,
    gidIndex: -1,
    address: '',
    pkeyIndex: 0,
    qkey: 0x1234,
    serviceLevel: 0,
    trafficClass: 0,
    queuePairs: 0,
    receiveSlots: RECEIVE_SLOTS,
    rateLimit: 0,
    busyPoll: false,
    probe: role === 'probe',
    reflect: role === 'reflect',
  });
}

function inWorker(job: Job): Promise<unknown> {
  return new Promise((resolve, reject) => {
    new Worker(new URL(import.meta.url), { workerData: job }).once('message', resolve).once('error', reject);
  });
}

function runJob({ handle, measure, settle }: Job): ProberResult | undefined {
  if (measure !== undefined) return pumpAndMeasure(handle, measure, { maxSamples: MAX_SAMPLES, cpuNs: hostCpuNs });
  // Two timeouts: every probe under way has ended.
  if (settle === true) pumpFor(handle, (2 * TIMEOUT_US) / 1000, () => {});
  else pumpUntilClosed(handle);
  return undefined;
}

/** What the library's thread does is the wire's, not the hosts'. */
function hostCpuNs(): number {
  return processCpuNs() - threadCpuNs('fake-wire');
}
