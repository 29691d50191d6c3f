/** What a slice of an engine brings: mirrors native/src/base/record.h, byte for byte. */

const RESULTS = ['success', 'timeout', 'send_error', 'invalid', 'late', 'duplicate'] as const;
export type ProbeResult = (typeof RESULTS)[number];
export const RESULT_NAMES: readonly ProbeResult[] = RESULTS;

const CLOCKS = ['user', 'kernel', 'hardware'] as const;
export type ClockName = (typeof CLOCKS)[number];
export const CLOCK_NAMES: readonly ClockName[] = CLOCKS;

const T4_SOURCES = ['none', 'inline', 'follow-up', 'tlv7'] as const;
export type T4Source = (typeof T4_SOURCES)[number];
export const T4_NAMES: readonly T4Source[] = T4_SOURCES;

const EXCHANGES = ['none', 'success', 'timeout', 'invalid', 'reset'] as const;
export type ExchangeResult = (typeof EXCHANGES)[number];
/** How the exchange on an opened TCP connection ended; `none`: there was none to make, or no connection. */
export const EXCHANGE_NAMES: readonly ExchangeResult[] = EXCHANGES;

export const RECORD_BYTES = 64;
export const SLICE_HEADER_BYTES = 64;
const ENGINE_CLOSED_FLAG = 1;
const ENGINE_CHANGED_FLAG = 2;

/** What one call of `pump` brought. Fields of record `i` are read in place: no object per probe. */
export class Slice {
  readonly #view: DataView;
  readonly count: number;

  constructor(buffer: ArrayBuffer) {
    this.#view = new DataView(buffer);
    this.count = this.#view.getUint32(0, true);
  }

  /** The engine is closed: do not pump it again. */
  get closed(): boolean {
    return (this.#view.getUint32(4, true) & ENGINE_CLOSED_FLAG) !== 0;
  }

  /** The state or endpoint of an RDMA engine has changed: see `rdmaStatus`. */
  get changed(): boolean {
    return (this.#view.getUint32(4, true) & ENGINE_CHANGED_FLAG) !== 0;
  }

  /** Every probe sent before this time (UTC, µs) is answered or timed out: windows that end by then may close. */
  get settledUs(): number {
    return this.#view.getFloat64(8, true);
  }

  targetId(i: number): number {
    return this.#view.getUint32(this.#at(i), true);
  }

  path(i: number): number {
    return this.#view.getUint16(this.#at(i) + 4, true);
  }

  /** Index into RESULT_NAMES. */
  result(i: number): number {
    return this.#view.getUint8(this.#at(i) + 6);
  }

  /** Index into CLOCK_NAMES: the weakest of the clocks that stamped this probe. */
  clock(i: number): number {
    return this.#view.getUint8(this.#at(i) + 7);
  }

  /** Index into T4_NAMES. */
  t4(i: number): number {
    return this.#view.getUint8(this.#at(i) + 8);
  }

  /** TTL or hop limit the answer arrived with; 0 when unknown. */
  answerTtl(i: number): number {
    return this.#view.getUint8(this.#at(i) + 9);
  }

  /** errno of a send_error, or of the ICMP message that ended a TCP probe as a timeout; else 0. */
  errno(i: number): number {
    return this.#view.getUint16(this.#at(i) + 10, true);
  }

  sequence(i: number): number {
    return this.#view.getUint32(this.#at(i) + 12, true);
  }

  /** When it was sent: UTC, µs since the epoch. */
  sentUs(i: number): number {
    return this.#view.getFloat64(this.#at(i) + 16, true);
  }

  /** (T5−T2) − (T4−T3), ns. Negative only in an invalid record. */
  networkRttNs(i: number): number {
    return this.#view.getFloat64(this.#at(i) + 24, true);
  }

  /** (T6−T1) − (T5−T2), ns. */
  proberDelayNs(i: number): number {
    return this.#view.getFloat64(this.#at(i) + 32, true);
  }

  /** T4−T3, ns. */
  responderDelayNs(i: number): number {
    return this.#view.getFloat64(this.#at(i) + 40, true);
  }

  /** T6−T1, ns: the round trip as the program saw it; of a TCP probe, the time of its connect. */
  programRttNs(i: number): number {
    return this.#view.getFloat64(this.#at(i) + 48, true);
  }

  // From here on: of TCP probes only. Their network RTT is NaN when a SYN was sent again or the connection refused.

  /** From the first byte sent to the whole payload echoed, or to the first byte of the HTTP answer, ns; else NaN. */
  exchangeNs(i: number): number {
    return this.#view.getFloat64(this.#at(i) + 40, true);
  }

  /** SYNs sent again, whatever the result. */
  synRetransmits(i: number): number {
    return this.#view.getUint8(this.#at(i) + 56);
  }

  /** Segments sent again during the exchange. */
  exchangeRetransmits(i: number): number {
    return this.#view.getUint8(this.#at(i) + 57);
  }

  /** Status of the HTTP answer; 0 when none came. */
  httpStatus(i: number): number {
    return this.#view.getUint16(this.#at(i) + 58, true);
  }

  /** 0 when the probe never got one. */
  sourcePort(i: number): number {
    return this.#view.getUint16(this.#at(i) + 60, true);
  }

  /** The host answered the SYN with a reset: a success of the network. */
  refused(i: number): boolean {
    return this.#view.getUint8(this.#at(i) + 62) !== 0;
  }

  /** Index into EXCHANGE_NAMES. */
  exchange(i: number): number {
    return this.#view.getUint8(this.#at(i) + 63);
  }

  #at(i: number): number {
    return SLICE_HEADER_BYTES + i * RECORD_BYTES;
  }
}
