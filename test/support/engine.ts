/** Native engines for tests: options that say nothing but what the test is about, and workers that run single slices. */

import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import {
  type EngineHandle,
  type EngineTarget,
  newSliceBuffer,
  pump,
  Slice,
  type TcpReflectorOptions,
  type UdpProberOptions,
  type UdpReflectorOptions,
} from '../../native/index.js';
import { withLimit } from './wait-for.js';

export function proberOptions(changes: Partial<UdpProberOptions> = {}): UdpProberOptions {
  return { sourceAddress4: '', sourceAddress6: '', timestamps: 'auto', key: new Uint8Array(), ...changes };
}

/** On a free port of 127.0.0.1. */
export function reflectorOptions(changes: Partial<UdpReflectorOptions> = {}): UdpReflectorOptions {
  const open = { allowedPrefixes: [], rateLimit: 0, timestamps: 'auto', key: new Uint8Array() } as const;
  return { address: '127.0.0.1', port: 0, ...open, ...changes };
}

/** On a free port of 127.0.0.1. */
export function tcpReflectorOptions(changes: Partial<TcpReflectorOptions> = {}): TcpReflectorOptions {
  return { address: '127.0.0.1', port: 0, allowedPrefixes: [], rateLimit: 0, maxConnections: 1000, ...changes };
}

/** Probed every 10 ms. */
export function engineTarget(port: number, changes: Partial<EngineTarget> = {}): EngineTarget {
  const times = { intervalUs: 10_000, timeoutUs: 5_000_000 };
  const shape = { paths: 1, payloadBytes: 44, dscp: 0, ttl: 255, plain: false };
  return { id: 1, address: '127.0.0.1', port, ...times, ...shape, ...changes };
}

const MARK = 'weft-slice-worker';

interface Request {
  readonly handle: EngineHandle;
  readonly maxMs: number;
  readonly buffer: ArrayBuffer;
}

/** A thread that pumps what it is told to, one slice at a time. */
export class SliceWorker {
  readonly #worker = new Worker(new URL(import.meta.url), { workerData: MARK });

  /** Resolves when the thread is about to block in native code. */
  async begin(handle: EngineHandle, maxMs: number, records?: number): Promise<{ readonly ended: Promise<Slice> }> {
    this.#worker.postMessage({ handle, maxMs, buffer: newSliceBuffer(records) } satisfies Request);
    await withLimit('a slice to begin', once(this.#worker, 'message'));
    // Without a limit: the thread may be terminated.
    return { ended: once(this.#worker, 'message').then(([buffer]) => new Slice(buffer)) };
  }

  /** `records`: what the slice has room for. */
  async slice(handle: EngineHandle, maxMs: number, records?: number): Promise<Slice> {
    const { ended } = await this.begin(handle, maxMs, records);
    return withLimit('the end of a slice', ended);
  }

  /** Ends the thread, in the middle of a slice or not. */
  async terminate(): Promise<void> {
    await this.#worker.terminate();
  }
}

if (!isMainThread && workerData === MARK) {
  parentPort?.on('message', ({ handle, maxMs, buffer }: Request) => {
    parentPort?.postMessage('begins');
    pump(handle, maxMs, buffer);
    parentPort?.postMessage(buffer, [buffer]);
  });
}
