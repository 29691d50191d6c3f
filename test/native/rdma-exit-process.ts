/** A process that ends with an RDMA engine open, in the way its argument says: rdma-lifecycle.test.ts. */

import { once } from 'node:events';
import { isMainThread, Worker } from 'node:worker_threads';
import { createRdmaEngine, newSliceBuffer, pump, rdmaStatus, setTargets } from '../../native/index.js';
import { SliceWorker } from '../support/engine.js';
import { rdmaEngineOptions, selfTarget } from '../support/rdma-rig.js';

const SLICE_MS = 100;

async function main(mode: string): Promise<void> {
  if (mode === 'thread') await once(new Worker(new URL(import.meta.url)), 'exit');
  const engine = createRdmaEngine(rdmaEngineOptions());
  if (mode === 'pumped') {
    setTargets(engine, [selfTarget(engine)]);
    await new SliceWorker().begin(engine, SLICE_MS);
  }
  console.log('open');
  if (mode === 'gone') while (rdmaStatus(engine).state !== 'gone') pump(engine, SLICE_MS, newSliceBuffer());
  process.exit(0);
}

if (isMainThread) await main(process.argv[2]!);
else createRdmaEngine(rdmaEngineOptions());
