/** Pumps a native engine in a worker, as the agent does, and hands its records to a test. */

import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import {
  CLOCK_NAMES,
  close,
  type EngineHandle,
  EXCHANGE_NAMES,
  newSliceBuffer,
  pump,
  RESULT_NAMES,
  Slice,
  T4_NAMES,
} from '../../native/index.js';
import { waitFor, withLimit } from './wait-for.js';

const SLICE_MS = 100;

export interface ProbeRecord {
  readonly targetId: number;
  readonly path: number;
  readonly sequence: number;
  readonly result: string;
  readonly clock: string;
  readonly t4: string;
  readonly errno: number;
  readonly networkRttNs: number;
  readonly proberDelayNs: number;
  readonly responderDelayNs: number;
  readonly programRttNs: number;
  // Of TCP probes only.
  readonly synRetransmits: number;
  readonly exchangeRetransmits: number;
  readonly httpStatus: number;
  readonly sourcePort: number;
  readonly refused: boolean;
  readonly exchange: string;
  readonly exchangeNs: number;
}

export interface Pump {
  /** Resolves with the records so far as soon as `enough` holds for them. */
  until(enough: (records: readonly ProbeRecord[]) => boolean): Promise<readonly ProbeRecord[]>;
  nextSlice(): Promise<void>;
  /** Closes the engine and waits for its worker. */
  stop(): Promise<void>;
}

if (!isMainThread && workerData?.engine !== undefined) pumpUntilClosed(workerData.engine as EngineHandle);

export function startPump(engine: EngineHandle): Pump {
  const worker = new Worker(new URL(import.meta.url), { workerData: { engine } });
  const exited = once(worker, 'exit');
  const records: ProbeRecord[] = [];
  worker.on('message', (buffer: ArrayBuffer) => records.push(...recordsOf(new Slice(buffer))));
  return {
    async nextSlice() {
      await withLimit('a slice', once(worker, 'message'));
    },
    async until(enough) {
      await waitFor(`records: ${enough}`, () => enough(records), {
        turn: () => once(worker, 'message'),
        seen: () => tally(records),
      });
      return records;
    },
    async stop() {
      close(engine);
      await withLimit('the end of the pump', exited);
    },
  };
}

/** How many of each result. */
function tally(records: readonly ProbeRecord[]): object {
  return Object.fromEntries(
    RESULT_NAMES.map((name) => [name, records.filter(({ result }) => result === name).length] as const),
  );
}

function pumpUntilClosed(engine: EngineHandle): void {
  for (;;) {
    const buffer = newSliceBuffer();
    pump(engine, SLICE_MS, buffer);
    const { closed } = new Slice(buffer);
    parentPort?.postMessage(buffer, [buffer]);
    if (closed) return;
  }
}

function recordsOf(slice: Slice): ProbeRecord[] {
  return Array.from({ length: slice.count }, (_, i) => ({
    targetId: slice.targetId(i),
    path: slice.path(i),
    sequence: slice.sequence(i),
    result: RESULT_NAMES[slice.result(i)] ?? '?',
    clock: CLOCK_NAMES[slice.clock(i)] ?? '?',
    t4: T4_NAMES[slice.t4(i)] ?? '?',
    errno: slice.errno(i),
    networkRttNs: slice.networkRttNs(i),
    proberDelayNs: slice.proberDelayNs(i),
    responderDelayNs: slice.responderDelayNs(i),
    programRttNs: slice.programRttNs(i),
    synRetransmits: slice.synRetransmits(i),
    exchangeRetransmits: slice.exchangeRetransmits(i),
    httpStatus: slice.httpStatus(i),
    sourcePort: slice.sourcePort(i),
    refused: slice.refused(i),
    exchange: EXCHANGE_NAMES[slice.exchange(i)] ?? '?',
    exchangeNs: slice.exchangeNs(i),
  }));
}
