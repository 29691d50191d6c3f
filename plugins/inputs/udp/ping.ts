/** What `weft ping udp` measures: the three delays of each answer. */

import type { UdpTarget } from '../../../core/target.js';
import { createUdpProber, type Slice, T4_NAMES, type T4Source } from '../../../native/index.js';
import { type Delays, delaysOf } from '../../common/probing/delays.js';
import { type PingReply, type PingSource, runPing } from '../../common/probing/ping.js';

export interface UdpPing {
  readonly target: UdpTarget;
  /** Probes to send. */
  readonly count: number;
  readonly source: PingSource;
  /** Shared secret; '' = unauthenticated. */
  readonly key: string;
}

export interface UdpDelays extends Delays {
  readonly t4: T4Source;
  /** TTL or hop limit the answer arrived with. */
  readonly ttl: number;
}

/** Undefined when the probe was not answered in time. */
export type UdpReply = PingReply<UdpDelays | undefined>;

/** As `runPing`. Throws NativeError when no socket can be opened. */
export async function pingUdp(ping: UdpPing, onReply: (reply: UdpReply) => void, signal: AbortSignal): Promise<void> {
  const { target, count, source, key } = ping;
  const engine = createUdpProber({ ...source, timestamps: 'auto', key: Buffer.from(key) });
  await runPing({ engine, target, count, read: readingOf }, onReply, signal);
}

function readingOf(slice: Slice, i: number): UdpDelays | undefined {
  const delays = delaysOf(slice, i);
  return delays && { ...delays, t4: T4_NAMES[slice.t4(i)] ?? 'none', ttl: slice.answerTtl(i) };
}
