/**
 * An RDMA engine in a guest without an agent around it, pumped without a pause. Started by engine.ts with its options as
 * JSON; prints a line of JSON once it is open, and two for each step, when its targets
 * are gone and when its probes have ended: SIGUSR2 says that the next one stands in STEP_FILE.
 */

import { readFileSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import {
  createRdmaEngine,
  type EngineTarget,
  newSliceBuffer,
  pump,
  RDMA_PAYLOAD_BYTES,
  RESULT_NAMES,
  rdmaStatus,
  Slice,
  setTargets,
  stats,
} from '../../native/index.js';
import { engineTarget } from '../support/engine.js';
import { type EngineStep, type LabEngineOptions, type Probing, STEP_FILE, type StepResult } from './engine.js';

/** As agents do: what runs between two slices holds up what comes in. */
const SLICE_MS = 100;
const QKEY = 0x1234;

async function main({ device, receiveSlots }: LabEngineOptions): Promise<void> {
  const any = { port: 1, gidIndex: -1, address: '', pkeyIndex: 0, qkey: QKEY, serviceLevel: 0, trafficClass: 0 };
  const ends = { queuePairs: 0, busyPoll: false, probe: true, reflect: true };
  const handle = createRdmaEngine({ device, receiveSlots, rateLimit: 0, ...any, ...ends });
  let due = false;
  process.on('SIGUSR2', () => {
    due = true;
  });
  const { gid, qpn } = rdmaStatus(handle);
  print({ gid, qpn });
  const pumping = new Pumping(handle);
  for (;;) {
    await pumping.slice();
    if (!due) continue;
    due = false;
    print(await pumping.step(JSON.parse(readFileSync(STEP_FILE, 'utf8'))));
  }
}

/** Of one engine; counts what its slices bring. */
class Pumping {
  readonly #handle: number;
  readonly #buffer = newSliceBuffer();
  #records: Record<string, number> = {};
  #networkRttNs: number[] = [];

  constructor(handle: number) {
    this.#handle = handle;
  }

  async slice(): Promise<void> {
    pump(this.#handle, SLICE_MS, this.#buffer);
    const slice = new Slice(this.#buffer);
    for (let i = 0; i < slice.count; i++) {
      const result = RESULT_NAMES[slice.result(i)] ?? 'unknown';
      this.#records[result] = (this.#records[result] ?? 0) + 1;
      const networkRttNs = slice.networkRttNs(i);
      if (result === 'success' && !Number.isNaN(networkRttNs)) this.#networkRttNs.push(networkRttNs);
    }
    // Signals come between slices.
    await setImmediate();
  }

  async step({ probing, ms }: EngineStep): Promise<StepResult> {
    this.#records = {};
    this.#networkRttNs = [];
    const start = performance.now();
    setTargets(this.#handle, probing === undefined ? [] : targetsOf(probing));
    while (performance.now() - start < ms) await this.slice();
    setTargets(this.#handle, []);
    const probedMs = performance.now() - start;
    print({ probedMs });
    do await this.slice();
    while ((stats(this.#handle).outstanding ?? 0) > 0);
    const sorted = this.#networkRttNs.sort((a, b) => a - b);
    return {
      records: this.#records,
      probedMs,
      networkP50Ns: sorted[Math.floor(sorted.length / 2)] ?? null,
      stats: stats(this.#handle),
      rssBytes: process.memoryUsage.rss(),
    };
  }
}

function targetsOf({ gid, qpn, targets, intervalUs, timeoutUs }: Probing): EngineTarget[] {
  const shape = { address: gid, qpn, intervalUs, timeoutUs, payloadBytes: RDMA_PAYLOAD_BYTES };
  // The queue pairs in turn.
  return Array.from({ length: targets }, (_, id) => engineTarget(0, { id, firstPath: id % 8, ...shape }));
}

function print(value: object): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

await main(JSON.parse(process.argv[2] ?? '{}') as LabEngineOptions);
