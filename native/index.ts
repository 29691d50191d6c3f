/**
 * The one typed door to the C++ addon. An engine is a process-wide native object behind an integer handle: the main
 * thread creates, commands and closes it, any worker thread pumps it. The layout of a target here mirrors
 * native/src/base/target_table.h.
 */

import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { NativeError } from '../core/errors.js';
import type { RdmaDevice, RdmaEngineOptions, RdmaStatus } from './rdma.js';
import { RECORD_BYTES, SLICE_HEADER_BYTES } from './slice.js';

export * from './rdma.js';
export * from './slice.js';

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

/** What a reflector does wrong on purpose: see native/src/net/fault.h. */
export interface ReflectorFaults {
  /** Share of probes lost before they reach the reflector, 0 to 1; of TCP: of SYNs. */
  readonly loss: number;
}

export interface UdpReflectorFaults extends ReflectorFaults {
  /** Held up before T3: reads as network. */
  readonly networkDelayMs: number;
  /** Held up behind T3: reads as delay of the responder. */
  readonly responderDelayMs: number;
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
  /** None by default. */
  readonly faults?: UdpReflectorFaults;
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
  /** None by default. */
  readonly faults?: ReflectorFaults;
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
  /** RDMA, where `address` is the GID as an IPv6 literal: the queue pair that answers, and its port's LID on InfiniBand. */
  readonly qpn?: number;
  readonly lid?: number;
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
  createRdmaEngine(options: RdmaEngineOptions): EngineHandle;
  rdmaStatus(handle: EngineHandle): RdmaStatus;
  rdmaDevices(): Promise<RdmaDevice[]>;
  setTargets(handle: EngineHandle, table: ArrayBuffer, requests: Uint8Array): void;
  pump(handle: EngineHandle, maxMs: number, buffer: ArrayBuffer): void;
  stats(handle: EngineHandle): EngineStats;
  port(handle: EngineHandle): number;
  wake(handle: EngineHandle): void;
  close(handle: EngineHandle): void;
  buildInfo(): { readonly compiler: string; readonly verbs: boolean };
}

const DEFAULT_SLICE_RECORDS = 4096;
const TARGET_BYTES = 112;
const TARGET_REQUEST_OFFSET = 28;
const TARGET_QPN_OFFSET = 36;
const TARGET_ADDRESS_OFFSET = 44;
const UINT32_RANGE = 2 ** 32;
const PLAIN_FLAG = 1;

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
 * Opens a port of an RDMA device: queue pairs that probe and one that answers, as one engine. Throws NativeError, whose
 * syscall says what failed: `dlopen` (no libibverbs that can be used), `device`, `port`, `gid`, `pkey` (there is none such,
 * or it is not active), `pthread_create`, or a verb such as `ibv_reg_mr`. Once open it stays: what happens to the device
 * later is told by `rdmaStatus`.
 */
export function createRdmaEngine(options: RdmaEngineOptions): EngineHandle {
  return call(() => addon().createRdmaEngine(options));
}

/** State of an RDMA engine; its events are handed out once. */
export function rdmaStatus(handle: EngineHandle): RdmaStatus {
  return call(() => addon().rdmaStatus(handle));
}

/** The RDMA devices of this host, asked on another thread. Rejects with NativeError (`dlopen`, `ibv_get_device_list`). */
export function rdmaDevices(): Promise<RdmaDevice[]> {
  return addon()
    .rdmaDevices()
    .catch((error: unknown) => {
      throw typed(error);
    });
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
    view.setUint32(at + TARGET_QPN_OFFSET, target.qpn ?? 0, true);
    view.setUint16(at + TARGET_QPN_OFFSET + 4, target.lid ?? 0, true);
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

function call<T>(operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    throw typed(error);
  }
}

/** The addon throws plain errors with errno and syscall; here they get their type. */
function typed(error: unknown): unknown {
  if (!(error instanceof Error && 'errno' in error && 'syscall' in error)) return error;
  const { errno, syscall } = error;
  return new NativeError(error.message, { errno: Number(errno), syscall: String(syscall) });
}
