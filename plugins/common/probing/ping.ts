/** One target by hand: what `weft ping` runs on every transport. The engine is the agent's own, so the figures are too. */

import type { Target } from '../../../core/target.js';
import {
  type EngineHandle,
  type ProbeResult,
  RESULT_NAMES,
  type Slice,
  setTargets,
  stats,
} from '../../../native/index.js';
import { EnginePump } from './engine-pump.js';
import { engineTarget } from './engine-target.js';

/** One probe's outcome; `reading` is what its transport measured. */
export interface PingReply<Reading> {
  /** From 1, in the order of sending. */
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
  readonly target: Target;
  /** Probes to send. */
  readonly count: number;
  /** What the transport measured, from record `i`. */
  readonly read: (slice: Slice, i: number) => Reading;
}

/** Where the probes are sent from, as engines are told. */
export interface PingSource {
  readonly sourceAddress4: string;
  readonly sourceAddress6: string;
}

const TARGET_ID = 1;
/** A person waits for each line. */
const SLICE_MS = 50;
/** Answers that belong to a probe already reported. */
const EXTRA = new Set<ProbeResult>(['late', 'duplicate']);

/**
 * Probes one target `count` times; `onReply` is called for each outcome as it comes, late and second answers included.
 * Resolves when every one of these probes has its outcome or `signal` aborts; rejects when the engine cannot be pumped.
 */
export function runPing<Reading>(
  { engine, target, count, read }: PingRun<Reading>,
  onReply: (reply: PingReply<Reading>) => void,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const numbering = new Numbering<Reading>(target.paths);
    let sending = true;
    let ended = 0;
    /** An engine stops between two slices: the few probes it sends beyond `count` are nobody's. */
    const report = (replies: readonly PingReply<Reading>[]): void => {
      for (const reply of replies) {
        if (reply.number > count || ended === count) continue;
        if (!EXTRA.has(reply.result)) ended += 1;
        onReply(reply);
      }
    };
    const finish = (error?: Error): void => {
      sending = false;
      signal.removeEventListener('abort', onAbort);
      pump.stop().then(() => {
        report(numbering.rest());
        if (error === undefined) resolve();
        else reject(error);
      }, reject);
    };
    const onAbort = (): void => finish();
    const onSlice = (slice: Slice): void => {
      report(numbering.take(slice, read));
      if (ended === count) {
        finish();
      } else if (sending && attempts(engine) >= count) {
        sending = false;
        setTargets(engine, []);
      }
    };
    const pump = new EnginePump({ handle: engine, onSlice, onError: finish, idleSliceMs: SLICE_MS });
    signal.addEventListener('abort', onAbort);
    if (signal.aborted) return finish();
    setTargets(engine, [engineTarget({ id: TARGET_ID, target })]);
  });
}

function attempts(engine: EngineHandle): number {
  const { sent = 0, send_error: failed = 0 } = stats(engine);
  return sent + failed;
}

interface Unnumbered<Reading> extends Omit<PingReply<Reading>, 'number'> {
  readonly sentUs: number;
}

/**
 * Gives outcomes the number of their probe. Sequence numbers start anywhere, so outcomes are held back until the first
 * probe has its own; after that none waits for another.
 */
class Numbering<Reading> {
  readonly #paths: number;
  #held: Unnumbered<Reading>[] = [];
  #first: Unnumbered<Reading> | undefined;

  constructor(paths: number) {
    this.#paths = paths;
  }

  take(slice: Slice, read: PingRun<Reading>['read']): PingReply<Reading>[] {
    for (let i = 0; i < slice.count; i += 1) this.#held.push(unnumbered(slice, i, read));
    const first = this.#first ?? earliest(this.#held);
    if (first === undefined || first.sentUs >= slice.settledUs) return [];
    return this.#release(first);
  }

  /** What is held back because the first probe will have no outcome. */
  rest(): PingReply<Reading>[] {
    const first = this.#first ?? earliest(this.#held);
    return first === undefined ? [] : this.#release(first);
  }

  #release(first: Unnumbered<Reading>): PingReply<Reading>[] {
    this.#first = first;
    const held = this.#held;
    this.#held = [];
    return held.map((outcome) => ({ ...outcome, number: this.#numberOf(outcome, first) }));
  }

  /** Paths take turns, and each counts its own probes. */
  #numberOf({ sequence, path }: Unnumbered<Reading>, first: Unnumbered<Reading>): number {
    return ((sequence - first.sequence) >>> 0) * this.#paths + path + 1 - first.path;
  }
}

function unnumbered<Reading>(slice: Slice, i: number, read: PingRun<Reading>['read']): Unnumbered<Reading> {
  return {
    sentUs: slice.sentUs(i),
    result: RESULT_NAMES[slice.result(i)] ?? 'invalid',
    sequence: slice.sequence(i),
    path: slice.path(i),
    errno: slice.errno(i),
    reading: read(slice, i),
  };
}

function earliest<Reading>(outcomes: readonly Unnumbered<Reading>[]): Unnumbered<Reading> | undefined {
  return outcomes.reduce<Unnumbered<Reading> | undefined>(
    (first, outcome) => (first === undefined || outcome.sentUs < first.sentUs ? outcome : first),
    undefined,
  );
}
