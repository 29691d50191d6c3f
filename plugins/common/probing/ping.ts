/** One target by hand: what `weft ping` runs on every transport. The engine is the agent's own, so the figures are too. */

import type { IpTarget } from '../../../core/target.js';
import { type EngineHandle, type ProbeResult, RESULT_NAMES, type Slice, setTargets } from '../../../native/index.js';
import { EnginePump } from './engine-pump.js';
import { engineTarget } from './engine-target.js';

/** One probe's outcome; `reading` is what its transport measured. */
export interface PingReply<Reading> {
  /** From 1, in the order of the outcomes. */
  readonly number: number;
  readonly result: ProbeResult;
  readonly sequence: number;
  readonly path: number;
  /** As in the record: 0 where there is none. */
  readonly errno: number;
  readonly reading: Reading;
}

export interface PingRun<Reading> {
  /** A prober; it is closed when the run ends. */
  readonly engine: EngineHandle;
  readonly target: IpTarget;
  /** Probes to send. */
  readonly count: number;
  /** What the transport measured, from record `i`. */
  readonly read: (slice: Slice, i: number) => Reading;
}

const TARGET_ID = 1;
/** A person waits for each line. */
const SLICE_MS = 50;
/** Answers that belong to a probe already reported. */
const EXTRA = new Set<ProbeResult>(['late', 'duplicate']);

/**
 * Probes one target `count` times; `onReply` is called for each outcome, late and second answers included. Resolves when
 * every probe has its outcome or `signal` aborts; rejects when the engine cannot be pumped.
 */
export function runPing<Reading>(
  { engine, target, count, read }: PingRun<Reading>,
  onReply: (reply: PingReply<Reading>) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let ended = 0;
    const finish = (error?: Error): void => {
      signal.removeEventListener('abort', onAbort);
      pump.stop().then(() => (error === undefined ? resolve() : reject(error)), reject);
    };
    const onAbort = (): void => finish();
    const pump = new EnginePump({
      handle: engine,
      onSlice: (slice) => {
        for (let i = 0; i < slice.count && ended < count; i += 1) {
          const reply = replyOf(slice, i, ended + 1, read);
          if (!EXTRA.has(reply.result)) ended += 1;
          onReply(reply);
        }
        if (ended >= count) finish();
      },
      onError: finish,
      idleSliceMs: SLICE_MS,
    });
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) return finish();
    setTargets(engine, [engineTarget({ id: TARGET_ID, target })]);
  });
}

function replyOf<Reading>(slice: Slice, i: number, number: number, read: PingRun<Reading>['read']): PingReply<Reading> {
  return {
    number,
    result: RESULT_NAMES[slice.result(i)] ?? 'invalid',
    sequence: slice.sequence(i),
    path: slice.path(i),
    errno: slice.errno(i),
    reading: read(slice, i),
  };
}
