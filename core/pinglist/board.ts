/**
 * The board that the pinglist hangs on: one provider publishes, the probers of each transport read. What it hands out is
 * always within the safety limits (limits.ts). Everything happens synchronously on the main thread.
 */

import { describeError, WeftError } from '../errors.js';
import type { Logger } from '../plugin.js';
import {
  type Announced,
  type BoardStatus,
  type Endpoint,
  type Pinglist,
  type PinglistBoard,
  type Target,
  type TargetOf,
  TRANSPORTS,
  type Transport,
} from '../target.js';
import { applyLimits, type LimitedTargets, MAX_TARGETS } from './limits.js';
import { sameTargets } from './same-targets.js';

export interface Board extends PinglistBoard {
  /** Probes a second this agent may send; applied at once to the list that hangs. */
  setMaxRate(maxRate: number): void;
}

export interface BoardOptions {
  readonly log: Logger;
  /** Probes a second. */
  readonly maxRate: number;
}

export function createBoard(options: BoardOptions): Board {
  return new PinglistBoardImpl(options);
}

type TargetListener = (targets: readonly Target[]) => void;
type EndpointListener = (announced: Announced) => void;
type RefreshListener = (reason: string) => void;
type Published = Pinglist & { readonly provider: string | undefined };

const EMPTY: Published = { provider: undefined, revision: '', targets: [] };

class PinglistBoardImpl implements Board {
  readonly #log: Logger;
  #maxRate: number;
  #published = EMPTY;
  #limited: LimitedTargets;
  readonly #targets = new Map<Transport, readonly Target[]>(TRANSPORTS.map((transport) => [transport, []]));
  readonly #listeners = new Map<Transport, Set<TargetListener>>(TRANSPORTS.map((transport) => [transport, new Set()]));
  #announced: Announced = { endpoints: [], isComplete: true };
  /** Calls of expectEndpoints that are not ended. */
  #expecting = 0;
  readonly #endpointListeners = new Set<EndpointListener>();
  readonly #refreshListeners = new Set<RefreshListener>();

  constructor({ log, maxRate }: BoardOptions) {
    this.#log = log;
    this.#maxRate = maxRate;
    this.#limited = applyLimits([], maxRate);
  }

  publish(provider: string, pinglist: Pinglist): void {
    const holder = this.#published.provider;
    if (holder !== undefined && holder !== provider) {
      throw new WeftError(
        'WEFT_PINGLIST',
        `${provider} cannot publish a pinglist: ${holder} already does. Configure one provider of pinglists.`,
      );
    }
    const { revision, targets } = pinglist;
    if (targets.length > MAX_TARGETS) {
      throw new WeftError(
        'WEFT_PINGLIST',
        `the pinglist of ${provider} has ${targets.length} targets, the limit is ${MAX_TARGETS}`,
      );
    }
    this.#hang({ provider, revision, targets });
  }

  retract(provider: string): void {
    if (this.#published.provider === provider) this.#hang(EMPTY);
  }

  setMaxRate(maxRate: number): void {
    this.#maxRate = maxRate;
    this.#hang(this.#published);
  }

  subscribe<T extends Transport>(transport: T, listener: (targets: readonly TargetOf<T>[]) => void): () => void {
    return this.#subscribe(this.#listenersOf(transport), listener as TargetListener, this.#targetsOf(transport));
  }

  requestRefresh(reason: string): void {
    this.#notify(this.#refreshListeners, reason);
  }

  subscribeRefreshes(listener: RefreshListener): () => void {
    return this.#add(this.#refreshListeners, listener).remove;
  }

  announce(endpoint: Endpoint): () => void {
    const entry = { ...endpoint };
    this.#setEndpoints([...this.#announced.endpoints, entry]);
    return () => {
      const { endpoints } = this.#announced;
      if (endpoints.includes(entry)) this.#setEndpoints(endpoints.filter((other) => other !== entry));
    };
  }

  expectEndpoints(): () => void {
    this.#expect(1);
    let isExpecting = true;
    return () => {
      if (isExpecting) this.#expect(-1);
      isExpecting = false;
    };
  }

  subscribeEndpoints(listener: EndpointListener): () => void {
    return this.#subscribe(this.#endpointListeners, listener, this.#announced);
  }

  status(): BoardStatus {
    const { requestedRate, rate, scale, clampedIntervals, clampedPayloads } = this.#limited;
    const { provider, revision } = this.#published;
    const count = (transport: Transport): number => this.#targetsOf(transport).length;
    const targets = { udp: count('udp'), tcp: count('tcp'), 'rdma-ud': count('rdma-ud') };
    return { provider, revision, targets, requestedRate, rate, scale, clampedIntervals, clampedPayloads };
  }

  /** Limits the list, then tells the transports whose targets differ from before. */
  #hang(published: Published): void {
    const limited = applyLimits(published.targets, this.#maxRate);
    const before = this.#limited;
    this.#published = published;
    this.#limited = limited;
    this.#report(before, limited);
    const byTransport = new Map<Transport, Target[]>(TRANSPORTS.map((transport) => [transport, []]));
    for (const target of limited.targets) byTransport.get(target.transport)?.push(target);
    const changed = TRANSPORTS.filter((transport) => {
      return !sameTargets(this.#targetsOf(transport), byTransport.get(transport) ?? []);
    });
    for (const transport of changed) this.#targets.set(transport, byTransport.get(transport) ?? []);
    for (const transport of changed) this.#notify(this.#listenersOf(transport), this.#targetsOf(transport));
  }

  #report(before: LimitedTargets, now: LimitedTargets): void {
    const { scale, requestedRate, clampedIntervals, clampedPayloads } = now;
    const limited = scale > 1 || clampedIntervals > 0 || clampedPayloads > 0;
    const unchanged =
      before.scale === scale &&
      before.clampedIntervals === clampedIntervals &&
      before.clampedPayloads === clampedPayloads;
    if (unchanged) return;
    const fields = { scale, requestedRate, maxRate: this.#maxRate, clampedIntervals, clampedPayloads };
    if (limited) this.#log.warn(fields, 'safety limits changed the pinglist: intervals raised or payloads cut');
    else this.#log.info(fields, 'the pinglist is within the safety limits again');
  }

  #setEndpoints(endpoints: readonly Endpoint[]): void {
    this.#announced = { ...this.#announced, endpoints };
    this.#notify(this.#endpointListeners, this.#announced);
  }

  #expect(more: 1 | -1): void {
    this.#expecting += more;
    const isComplete = this.#expecting === 0;
    if (isComplete === this.#announced.isComplete) return;
    this.#announced = { ...this.#announced, isComplete };
    this.#notify(this.#endpointListeners, this.#announced);
  }

  #targetsOf(transport: Transport): readonly Target[] {
    return this.#targets.get(transport) ?? [];
  }

  #listenersOf(transport: Transport): Set<TargetListener> {
    const listeners = this.#listeners.get(transport);
    if (listeners === undefined) throw new RangeError(`unknown transport ${transport}`);
    return listeners;
  }

  #subscribe<T>(listeners: Set<(value: T) => void>, listener: (value: T) => void, now: T): () => void {
    const { entry, remove } = this.#add(listeners, listener);
    this.#call(entry, now);
    return remove;
  }

  /** In a wrapper of its own, so that one function subscribed twice is told twice and leaves once. */
  #add<T>(listeners: Set<(value: T) => void>, listener: (value: T) => void) {
    const entry = (value: T): void => listener(value);
    listeners.add(entry);
    return { entry, remove: (): void => void listeners.delete(entry) };
  }

  #notify<T>(listeners: ReadonlySet<(value: T) => void>, value: T): void {
    for (const listener of [...listeners]) if (listeners.has(listener)) this.#call(listener, value);
  }

  /** One reader that throws must not keep the list from the others. */
  #call<T>(listener: (value: T) => void, value: T): void {
    try {
      listener(value);
    } catch (error) {
      this.#log.error({ error: describeError(error) }, 'a reader of the pinglist board failed');
    }
  }
}
