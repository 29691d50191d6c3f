/**
 * Who is there. Every entry is held in memory, and everything is answered from there; the store makes entries survive and
 * brings those that other controllers took. Listeners hear only of what others see: labels and endpoints, not heartbeats.
 *
 * How long an agent has been silent is measured in listening time (listening-time.ts), never as a difference of wall
 * clocks: a step of the clock, an outage of the store or a pause of the process makes nobody stale or forgotten. After a
 * start each entry of a store without a clock of its own has its full time again: the absence was the controller's.
 */

import type { Clock, Timer } from '../core/clock.js';
import type { Registration } from '../core/control/registration.js';
import type { Logger } from '../core/plugin.js';
import { type AgentEntry, type AgentState, mayReplace, sameMember } from './agent-entry.js';
import { ListeningTime } from './listening-time.js';
import { notYours, REFUSALS, type Refusal, RegistryError } from './registry-error.js';
import type { HeldEntry, RegistryStore } from './store/store.js';

export interface RegistryOptions {
  readonly store: RegistryStore;
  readonly clock: Clock;
  readonly log: Logger;
  readonly staleAfterMs: number;
  readonly forgetAfterMs: number;
  /** Agents registered at most; those that other controllers took count, and come in whatever the number. */
  readonly maxAgents: number;
}

export interface RegistryListener {
  /** An agent is new, or its labels or endpoints have changed. */
  onChanged(entry: AgentEntry): void;
  /** An agent is gone: it was silent for too long or was deleted. */
  onForgotten(id: string): void;
}

/** Since the start, but for the numbers of agents. */
export interface RegistryFigures {
  readonly agents: Readonly<Record<AgentState, number>>;
  /** Registrations accepted here, heartbeats among them. */
  readonly registrations: number;
  readonly refused: Readonly<Record<Refusal, number>>;
  /** Silent for too long. */
  readonly forgotten: number;
  readonly deleted: number;
  /** Times the store failed to keep something. */
  readonly storeErrors: number;
}

interface Slot {
  entry: AgentEntry;
  /** Listening time at which it was last heard of. */
  heardMs: number;
}

/** Silence is looked at this many times in `forgetAfterMs`, within these bounds. */
const SWEEPS = 60;
const MIN_SWEEP_MS = 1000;
const MAX_SWEEP_MS = 10_000;

export class Registry {
  readonly #options: RegistryOptions;
  readonly #slots = new Map<string, Slot>();
  readonly #listeners = new Set<RegistryListener>();
  readonly #sweepMs: number;
  readonly #listening: ListeningTime;
  readonly #refused = Object.fromEntries(REFUSALS.map((reason) => [reason, 0])) as Record<Refusal, number>;
  #registrations = 0;
  #forgotten = 0;
  #deleted = 0;
  #storeErrors = 0;
  /** New agents whose registration the store has not yet acknowledged. */
  #arriving = 0;
  #available = false;
  #timer: Timer | undefined;

  constructor(options: RegistryOptions) {
    this.#options = options;
    this.#sweepMs = Math.min(MAX_SWEEP_MS, Math.max(MIN_SWEEP_MS, options.forgetAfterMs / SWEEPS));
    this.#listening = new ListeningTime(options.clock, 2 * this.#sweepMs);
  }

  /** Loads what the store has. Throws StartupError. */
  async open(): Promise<void> {
    await this.#options.store.open({
      onPut: (entry, ageMs) => this.#accept(entry, ageMs),
      onDelete: (id, seenMs) => this.#removeUnlessSeenAfter(id, seenMs),
      onAvailable: (available, error) => this.#setAvailable(available, error),
      get: (id) => this.#heldEntry(this.#slots.get(id)),
      held: () => this.#held(),
    });
    this.#available = true;
    this.#armSweep();
  }

  /** Legal without open, and twice. */
  async close(): Promise<void> {
    this.#timer?.cancel();
    this.#timer = undefined;
    await this.#options.store.close();
  }

  /** Calls `listener` for every agent there is, then after every change. Returns the unsubscribe function. */
  subscribe(listener: RegistryListener): () => void {
    for (const { entry } of this.#slots.values()) listener.onChanged(entry);
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Whether the store can be reached. */
  get available(): boolean {
    return this.#available;
  }

  get size(): number {
    return this.#slots.size;
  }

  get(id: string): AgentEntry | undefined {
    return this.#slots.get(id)?.entry;
  }

  /** In no particular order. */
  *entries(): IterableIterator<AgentEntry> {
    for (const { entry } of this.#slots.values()) yield entry;
  }

  /** Of an agent that is registered; others are stale. */
  state(id: string): AgentState {
    const slot = this.#slots.get(id);
    return slot === undefined ? 'stale' : this.#stateOf(slot, this.#listening.nowMs());
  }

  /**
   * A registration or heartbeat of `id`, by somebody whose key has this hash ('': the id was proved by a certificate).
   * Resolves when the entry is safe in the store. Throws RegistryError.
   */
  async register(id: string, keyHash: string, registration: Registration): Promise<AgentEntry> {
    const held = this.#slots.get(id)?.entry;
    if (held !== undefined && !mayReplace(held, keyHash)) throw this.#refuse(notYours(id));
    if (held === undefined && this.#slots.size + this.#arriving >= this.#options.maxAgents)
      throw this.#refuse(new RegistryError('full', `max_agents (${this.#options.maxAgents}) are registered`));
    const kept = await this.#keep(this.#entryOf(id, keyHash, registration, held), held === undefined);
    this.#accept(kept, 0);
    this.#registrations += 1;
    return kept;
  }

  /** Removes an agent and with it the claim on its id. False when there is none. Throws RegistryError `unavailable`. */
  async delete(id: string): Promise<boolean> {
    const entry = this.get(id);
    if (entry === undefined) return false;
    await this.#options.store.delete(entry).catch((error: unknown) => {
      throw this.#refuse(this.#unavailable(error));
    });
    this.#removeUnlessSeenAfter(id, entry.lastSeenMs);
    return true;
  }

  figures(): RegistryFigures {
    const agents: Record<AgentState, number> = { active: 0, stale: 0 };
    const nowMs = this.#listening.nowMs();
    for (const slot of this.#slots.values()) agents[this.#stateOf(slot, nowMs)] += 1;
    return {
      agents,
      registrations: this.#registrations,
      refused: { ...this.#refused },
      forgotten: this.#forgotten,
      deleted: this.#deleted,
      storeErrors: this.#storeErrors,
    };
  }

  #entryOf(id: string, keyHash: string, registration: Registration, held: AgentEntry | undefined): AgentEntry {
    const { labels, endpoints, weft } = registration;
    const nowMs = Number(this.#options.clock.nowNs() / 1_000_000n);
    return {
      id,
      labels,
      endpoints,
      keyHash,
      weft,
      registeredAtMs: held?.registeredAtMs ?? nowMs,
      lastSeenMs: Math.max(nowMs, (held?.lastSeenMs ?? 0) + 1),
    };
  }

  async #keep(entry: AgentEntry, isNew: boolean): Promise<AgentEntry> {
    if (isNew) this.#arriving += 1;
    try {
      return await this.#options.store.put(entry);
    } catch (error) {
      throw this.#refuse(error instanceof RegistryError ? error : this.#unavailable(error));
    } finally {
      if (isNew) this.#arriving -= 1;
    }
  }

  #unavailable(cause: unknown): RegistryError {
    this.#storeErrors += 1;
    return new RegistryError('unavailable', 'the registry cannot be written to now, try again later', { cause });
  }

  #refuse(error: RegistryError): RegistryError {
    this.#refused[error.reason] += 1;
    return error;
  }

  #accept(entry: AgentEntry, ageMs: number): void {
    const slot = this.#slots.get(entry.id);
    if (slot !== undefined && slot.entry.lastSeenMs > entry.lastSeenMs) return;
    const heardMs = this.#listening.nowMs() - ageMs;
    // The same version again (a resynchronisation) brings no news of the agent.
    if (slot?.entry.lastSeenMs === entry.lastSeenMs && sameMember(slot.entry, entry)) return;
    this.#slots.set(entry.id, { entry, heardMs: Math.max(heardMs, slot?.heardMs ?? heardMs) });
    if (slot !== undefined && sameMember(slot.entry, entry)) return;
    for (const listener of this.#listeners) listener.onChanged(entry);
  }

  #removeUnlessSeenAfter(id: string, seenMs: number): void {
    const slot = this.#slots.get(id);
    if (slot === undefined || slot.entry.lastSeenMs > seenMs) return;
    this.#deleted += 1;
    this.#remove(id);
  }

  #remove(id: string): void {
    this.#slots.delete(id);
    for (const listener of this.#listeners) listener.onForgotten(id);
  }

  #setAvailable(available: boolean, error: Error | undefined): void {
    if (available === this.#available) return;
    this.#available = available;
    if (available) {
      this.#listening.resume();
      this.#options.log.info({}, 'the store of the registry can be reached again');
    } else {
      this.#listening.pause();
      this.#options.log.error({ error: error?.message }, 'the store of the registry is away: nobody can register');
    }
  }

  #armSweep(): void {
    this.#timer = this.#options.clock.after(this.#sweepMs, () => {
      this.#sweep();
      this.#armSweep();
    });
  }

  #sweep(): void {
    const nowMs = this.#listening.nowMs();
    for (const [id, { heardMs }] of this.#slots) {
      if (nowMs - heardMs < this.#options.forgetAfterMs) continue;
      this.#forgotten += 1;
      this.#options.store.forget(id);
      this.#remove(id);
    }
  }

  #stateOf({ heardMs }: Slot, nowMs: number): AgentState {
    return nowMs - heardMs < this.#options.staleAfterMs ? 'active' : 'stale';
  }

  #heldEntry(slot: Slot | undefined): HeldEntry | undefined {
    return slot === undefined ? undefined : { entry: slot.entry, ageMs: this.#listening.nowMs() - slot.heardMs };
  }

  *#held(): Iterable<HeldEntry> {
    const nowMs = this.#listening.nowMs();
    for (const { entry, heardMs } of this.#slots.values()) yield { entry, ageMs: nowMs - heardMs };
  }
}
