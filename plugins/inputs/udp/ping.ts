/** One target by hand: what `weft ping udp` runs. The engine is the agent's own, so the figures are too. */

import {
  CLOCK_NAMES,
  type ClockName,
  createUdpProber,
  type ProbeResult,
  RESULT_NAMES,
  type Slice,
  setTargets,
  T4_NAMES,
  type T4Source,
} from '../../../native/index.js';
import { EnginePump } from '../../common/probing/engine-pump.js';

export interface PingOptions {
  /** IPv4 or IPv6 literal. */
  readonly address: string;
  readonly port: number;
  /** Probes to send. */
  readonly count: number;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly paths: number;
  readonly payloadBytes: number;
  readonly dscp: number;
  readonly ttl: number;
  /** Bare 44-byte STAMP packets. */
  readonly plain: boolean;
  /** Shared secret; '' = unauthenticated. */
  readonly key: string;
  readonly timestamps: 'auto' | 'user';
  readonly sourceAddress: string;
}

/** One probe's outcome. Delays are ns and only there when it was answered. */
export interface PingReply {
  /** From 1, in the order of the outcomes. */
  readonly number: number;
  readonly result: ProbeResult;
  readonly sequence: number;
  readonly path: number;
  readonly errno: number;
  readonly delays:
    | {
        readonly networkRttNs: number;
        readonly proberDelayNs: number;
        readonly responderDelayNs: number;
        readonly programRttNs: number;
        readonly clock: ClockName;
        readonly t4: T4Source;
        readonly ttl: number;
      }
    | undefined;
}

const US_PER_MS = 1000;
const TARGET_ID = 1;
/** A person waits for each line. */
const SLICE_MS = 50;
/** Answers that belong to a probe already reported. */
const EXTRA = new Set<ProbeResult>(['late', 'duplicate']);

/**
 * Probes one target `count` times; `onReply` is called for each outcome, late and second answers included. Resolves when
 * every probe has its outcome or `signal` aborts. Throws NativeError when no socket can be opened.
 */
export async function pingUdp(
  options: PingOptions,
  onReply: (reply: PingReply) => void,
  signal: AbortSignal,
): Promise<void> {
  const ipv6 = options.address.includes(':');
  const handle = createUdpProber({
    sourceAddress4: ipv6 ? '' : options.sourceAddress,
    sourceAddress6: ipv6 ? options.sourceAddress : '',
    timestamps: options.timestamps,
    key: Buffer.from(options.key),
  });
  let ended = 0;
  await new Promise<void>((resolve, reject) => {
    const finish = (): void => {
      signal.removeEventListener('abort', finish);
      pump.stop().then(resolve, reject);
    };
    const pump = new EnginePump({
      handle,
      onSlice: (slice) => {
        for (let i = 0; i < slice.count && ended < options.count; i += 1) {
          const reply = replyOf(slice, i, ended + 1);
          if (!EXTRA.has(reply.result)) ended += 1;
          onReply(reply);
        }
        if (ended >= options.count) finish();
      },
      onError: reject,
      idleSliceMs: SLICE_MS,
    });
    signal.addEventListener('abort', finish);
    if (signal.aborted) return finish();
    setTargets(handle, [
      {
        id: TARGET_ID,
        address: options.address,
        port: options.port,
        intervalUs: Math.round(options.intervalMs * US_PER_MS),
        timeoutUs: Math.round(options.timeoutMs * US_PER_MS),
        paths: options.paths,
        payloadBytes: options.payloadBytes,
        dscp: options.dscp,
        ttl: options.ttl,
        plain: options.plain,
      },
    ]);
  });
}

function replyOf(slice: Slice, i: number, number: number): PingReply {
  const result = RESULT_NAMES[slice.result(i)] ?? 'invalid';
  const answered = result === 'success' || result === 'invalid';
  return {
    number,
    result,
    sequence: slice.sequence(i),
    path: slice.path(i),
    errno: slice.errno(i),
    delays: answered
      ? {
          networkRttNs: slice.networkRttNs(i),
          proberDelayNs: slice.proberDelayNs(i),
          responderDelayNs: slice.responderDelayNs(i),
          programRttNs: slice.programRttNs(i),
          clock: CLOCK_NAMES[slice.clock(i)] ?? 'user',
          t4: T4_NAMES[slice.t4(i)] ?? 'none',
          ttl: slice.answerTtl(i),
        }
      : undefined,
  };
}
