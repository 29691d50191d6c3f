/**
 * The one typed door to the C++ addon. An engine is a process-wide native object behind an integer handle: the main
 * thread creates, commands and closes it, any worker thread pumps it. Byte layouts here mirror native/src/base/record.h
 * and native/src/base/target_table.h.
 */

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NativeError } from '../core/errors.js';

export type EngineHandle = number;
export type Timestamps = 'auto' | 'user';

export interface UdpProberOptions {
  /** Local address to probe from, per family; '' lets the kernel choose. */
  readonly sourceAddress4: string;
  readonly sourceAddress6: string;
  /** `auto`: hardware where the NIC stamps, else kernel, else user. `user`: the program's clock only. */
  readonly timestamps: Timestamps;
  /** Authenticated STAMP when not empty. */
  readonly key: Uint8Array;
}

export interface UdpReflectorOptions {
  /** IPv4 or IPv6 literal; one engine listens on one address. */
  readonly address: string;
  /** 0 = any free port: see `port()`. */
  readonly port: number;
  /** CIDR prefixes that are answered; empty = all. */
  readonly allowedPrefixes: readonly string[];
  /** Answers a second to one source address at most; 0 = no limit. */
  readonly rateLimit: number;
  readonly timestamps: Timestamps;
  readonly key: Uint8Array;
}

export interface TcpProberOptions {
  /** Local address to probe from, per family; '' lets the kernel choose. */
  readonly sourceAddress4: string;
  readonly sourceAddress6: string;
  /** Connections under way at most: a probe beyond them is a send_error (EMFILE), and counted as shed. */
  readonly maxConnections: number;
}

export interface TcpReflectorOptions {
  /** IPv4 or IPv6 literal; one engine listens on one address. */
  readonly address: string;
  /** 0 = any free port: see `port()`. */
  readonly port: number;
  /** CIDR prefixes whose connections are kept; the others are reset at once. Empty = all. */
  readonly allowedPrefixes: readonly string[];
  /** Connections a second from one source address at most; 0 = no limit. */
  readonly rateLimit: number;
  /** Connections held at a time; one more takes the place of the oldest. */
  readonly maxConnections: number;
}

/** What the engine has to know of a target. `id` comes back in the records. */
export interface EngineTarget {
  readonly id: number;
  readonly address: string;
  readonly port: number;
  readonly intervalUs: number;
  /** At most 2^32 − 1: 71 minutes. */
  readonly timeoutUs: number;
  readonly paths: number;
  /** Paths are numbered from here, modulo 256; default 0. */
  readonly firstPath?: number;
  readonly payloadBytes: number;
  readonly dscp: number;
  readonly ttl: number;
  /** UDP: the bare STAMP packet. */
  readonly plain: boolean;
  /** TCP: sent once connected, in place of a payload to be echoed. */
  readonly http?: EngineHttp | undefined;
}

export interface EngineHttp {
  /** The whole request, at most 65 535 bytes. */
  readonly request: Uint8Array;
  /** Status of a good answer. */
  readonly status: number;
}

/** Counters since the engine was created, by name; see docs of the plugin that owns the engine. */
export type EngineStats = Readonly<Record<string, number>>;

interface Addon {
  createUdpProber(options: UdpProberOptions): EngineHandle;
  createUdpReflector(options: UdpReflectorOptions): EngineHandle;
  createTcpProber(options: TcpProberOptions): EngineHandle;
  createTcpReflector(options: TcpReflectorOptions): EngineHandle;
  setTargets(handle: EngineHandle, table: ArrayBuffer, requests: Uint8Array): void;
  pump(handle: EngineHandle, maxMs: number, buffer: ArrayBuffer): void;
  stats(handle: EngineHandle): EngineStats;
  port(handle: EngineHandle): number;
  wake(handle: EngineHandle): void;
  close(handle: EngineHandle): void;
  buildInfo(): { readonly compiler: string; readonly verbs: boolean };
}

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
const SLICE_HEADER_BYTES = 64;
const DEFAULT_SLICE_RECORDS = 4096;
const TARGET_BYTES = 104;
const TARGET_REQUEST_OFFSET = 28;
const TARGET_ADDRESS_OFFSET = 36;
const UINT32_RANGE = 2 ** 32;
const PLAIN_FLAG = 1;
const ENGINE_CLOSED_FLAG = 1;

/** Creates a UDP prober; it does nothing until it is pumped. Throws NativeError (socket, bind, setsockopt). */
export function createUdpProber(options: UdpProberOptions): EngineHandle {
  return call(() => addon().createUdpProber(options));
}

/** Creates a UDP reflector and binds its socket. Throws NativeError; TypeError on a malformed address or prefix. */
export function createUdpReflector(options: UdpReflectorOptions): EngineHandle {
  return call(() => addon().createUdpReflector(options));
}

/** Creates a TCP prober; it does nothing until it is pumped. Throws NativeError (epoll_create1, eventfd). */
export function createTcpProber(options: TcpProberOptions): EngineHandle {
  return call(() => addon().createTcpProber(options));
}

/** Creates a TCP reflector and listens. Throws NativeError; TypeError on a malformed address or prefix. */
export function createTcpReflector(options: TcpReflectorOptions): EngineHandle {
  return call(() => addon().createTcpReflector(options));
}

/**
 * Replaces the engine's targets and wakes it. A target whose id was there before keeps its phase and its sequence
 * numbers; probes under way to a removed one still come back as records.
 */
export function setTargets(handle: EngineHandle, targets: readonly EngineTarget[]): void {
  const table = new ArrayBuffer(targets.length * TARGET_BYTES);
  const view = new DataView(table);
  const bytes = Buffer.from(table);
  const requests: Uint8Array[] = [];
  let requestBytes = 0;
  targets.forEach((target, i) => {
    const at = i * TARGET_BYTES;
    view.setUint32(at, target.id, true);
    view.setUint16(at + 4, target.port, true);
    view.setUint16(at + 6, target.payloadBytes, true);
    view.setUint16(at + 8, target.paths, true);
    view.setUint8(at + 10, target.dscp);
    view.setUint8(at + 11, target.ttl);
    view.setUint8(at + 12, target.plain ? PLAIN_FLAG : 0);
    view.setUint16(at + 14, target.firstPath ?? 0, true);
    view.setUint32(at + 16, target.intervalUs % UINT32_RANGE, true);
    view.setUint32(at + 20, Math.floor(target.intervalUs / UINT32_RANGE), true);
    view.setUint32(at + 24, target.timeoutUs, true);
    bytes.write(target.address, at + TARGET_ADDRESS_OFFSET, TARGET_BYTES - TARGET_ADDRESS_OFFSET - 1, 'latin1');
    if (target.http === undefined) return;
    const { request, status } = target.http;
    view.setUint32(at + TARGET_REQUEST_OFFSET, requestBytes, true);
    view.setUint16(at + TARGET_REQUEST_OFFSET + 4, request.byteLength, true);
    view.setUint16(at + TARGET_REQUEST_OFFSET + 6, status, true);
    requests.push(request);
    requestBytes += request.byteLength;
  });
  call(() => addon().setTargets(handle, table, Buffer.concat(requests)));
}

/** A buffer for slices of at most `records` records; it goes round between the threads and is never allocated anew. */
export function newSliceBuffer(records = DEFAULT_SLICE_RECORDS): ArrayBuffer {
  return new ArrayBuffer(SLICE_HEADER_BYTES + records * RECORD_BYTES);
}

/**
 * One slice: blocks the calling thread for at most `maxMs` (less when `buffer` is full, a command comes or the engine is
 * closed) while it sends what is due, takes answers and expires timeouts. Call it from a worker, never from the main
 * thread, and never twice at a time for one engine. Fills `buffer`: read it as a Slice.
 */
export function pump(handle: EngineHandle, maxMs: number, buffer: ArrayBuffer): void {
  call(() => addon().pump(handle, maxMs, buffer));
}

export function stats(handle: EngineHandle): EngineStats {
  return call(() => addon().stats(handle));
}

/** The port a reflector is bound to. */
export function port(handle: EngineHandle): number {
  return call(() => addon().port(handle));
}

/** Ends the slice under way at once. */
export function wake(handle: EngineHandle): void {
  call(() => addon().wake(handle));
}

/** Closes the engine; a slice under way ends at once and says so. Closing twice is legal. */
export function close(handle: EngineHandle): void {
  call(() => addon().close(handle));
}

/** How the addon was built. */
export function buildInfo(): { readonly compiler: string; readonly verbs: boolean } {
  return addon().buildInfo();
}

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

let loaded: Addon | undefined;

function addon(): Addon {
  if (loaded === undefined) {
    const require = createRequire(import.meta.url);
    const load = require('node-gyp-build') as (root: string) => Addon;
    loaded = load(packageRoot());
  }
  return loaded;
}

/** The folder that holds binding.gyp: this file runs from dist/native/. */
function packageRoot(): string {
  return join(dirname(fileURLToPath(import.meta.url)), '..', '..');
}

/** The addon throws plain errors with errno and syscall; here they get their type. */
function call<T>(operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    if (error instanceof Error && 'errno' in error && 'syscall' in error) {
      throw new NativeError(error.message, {
        errno: Number(error.errno),
        syscall: String(error.syscall),
        cause: error,
      });
    }
    throw error;
  }
}
