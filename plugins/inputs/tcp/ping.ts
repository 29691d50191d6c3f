/** What `weft ping tcp` measures: the handshake of each probe, and the exchange on the opened connection. */

import type { TcpTarget } from '../../../core/target.js';
import { createTcpProber, EXCHANGE_NAMES, type ExchangeResult, type Slice } from '../../../native/index.js';
import { type PingReply, type PingSource, runPing } from '../../common/probing/ping.js';

export interface TcpPing {
  readonly target: TcpTarget;
  /** Probes to send. */
  readonly count: number;
  readonly source: PingSource;
}

/** Durations in ns; undefined where nothing was measured. */
export interface TcpReading {
  /** Undefined when the probe never got one. */
  readonly sourcePort: number | undefined;
  /** The host answered the SYN with a reset. */
  readonly refused: boolean;
  /** The kernel's own; only of a connection that one SYN opened. */
  readonly networkRttNs: number | undefined;
  /** As the program saw it; of refused connections too. */
  readonly connectTimeNs: number | undefined;
  /** SYNs sent again, whatever the result. */
  readonly synRetransmits: number;
  /** Undefined when there was none to make, or no connection. */
  readonly exchange: TcpExchange | undefined;
}

export interface TcpExchange {
  readonly result: Exclude<ExchangeResult, 'none'>;
  /** To the whole payload echoed, or to the first byte of the HTTP answer. */
  readonly timeNs: number | undefined;
  /** Segments sent again. */
  readonly retransmits: number;
  /** Undefined when none came. */
  readonly httpStatus: number | undefined;
}

export type TcpReply = PingReply<TcpReading>;

/** Far more than one target has under way; a probe beyond them is a send_error (EMFILE). */
const MAX_CONNECTIONS = 4096;

/** As `runPing`. Throws NativeError when the prober cannot be made. */
export async function pingTcp(ping: TcpPing, onReply: (reply: TcpReply) => void, signal: AbortSignal): Promise<void> {
  const { target, count, source } = ping;
  const engine = createTcpProber({ ...source, maxConnections: MAX_CONNECTIONS });
  await runPing({ engine, target, count, read: readingOf }, onReply, signal);
}

function readingOf(slice: Slice, i: number): TcpReading {
  return {
    sourcePort: slice.sourcePort(i) || undefined,
    refused: slice.refused(i),
    networkRttNs: measured(slice.networkRttNs(i)),
    connectTimeNs: measured(slice.programRttNs(i)),
    synRetransmits: slice.synRetransmits(i),
    exchange: exchangeOf(slice, i),
  };
}

function exchangeOf(slice: Slice, i: number): TcpExchange | undefined {
  const result = EXCHANGE_NAMES[slice.exchange(i)] ?? 'none';
  if (result === 'none') return undefined;
  return {
    result,
    timeNs: measured(slice.exchangeNs(i)),
    retransmits: slice.exchangeRetransmits(i),
    httpStatus: slice.httpStatus(i) || undefined,
  };
}

/** Records have NaN where there is no figure. */
function measured(ns: number): number | undefined {
  return Number.isNaN(ns) ? undefined : ns;
}
