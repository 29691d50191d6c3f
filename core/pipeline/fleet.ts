/**
 * The running plugins of one kind, and how one set of them becomes another: what is configured the same runs on untouched,
 * and a change that fails is taken back.
 */

import type { Clock } from '../clock.js';
import { ConfigError, StartupError } from '../errors.js';
import type { Logger } from '../plugin.js';
import { attempt, isA, messageOf, within } from './calls.js';
import type { Runnable } from './launch.js';

/** One plugin as the configuration wants it. */
export interface Wanted<R> {
  readonly name: string;
  /** Id of the plugin's definition. */
  readonly id: string;
  /** Equal for instances that would behave the same. */
  readonly identity: string;
  build(): R;
}

interface Slot<R> {
  readonly name: string;
  readonly id: string;
  readonly identity: string;
  readonly running: R;
}

/** A change that was prepared: all its plugins are made, none is started. */
export interface Plan<R> {
  /** Everything that is to run in the end, in the order of the configuration. */
  readonly next: readonly Slot<R>[];
  readonly incoming: readonly Slot<R>[];
  readonly outgoing: readonly Slot<R>[];
}

export interface FleetOptions<R> {
  /** For messages: `inputs`. */
  readonly kind: string;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long one plugin may take to stop while the agent runs on, ms. */
  readonly stopTimeoutMs: () => number;
  /** Called whenever `running` changed. */
  readonly onChange?: () => void;
  /** Called for each plugin that was started. */
  readonly onStarted?: (running: R) => void;
  /** `from` was stopped and does not run again; `to` goes on in its place, if anything does. */
  readonly handOver?: (from: R, to: R | undefined) => void;
}

/** Steps that take a change back, last first. */
export type Undo = (() => Promise<void>)[];

export class Fleet<R extends Runnable<R>> {
  readonly #options: FleetOptions<R>;
  #slots: readonly Slot<R>[] = [];
  #running: readonly R[] = [];
  /** Everything that was started and is not stopped, in a slot or not. */
  readonly #live = new Set<R>();
  #closed = false;

  constructor(options: FleetOptions<R>) {
    this.#options = options;
  }

  get running(): readonly R[] {
    return this.#running;
  }

  /** Compares what runs with what is wanted and makes the plugins that are new; what they throw goes to `errors`. */
  plan(wanted: readonly Wanted<R>[], errors: unknown[]): Plan<R> {
    const held = new Map(this.#slots.map((slot) => [slot.name, slot]));
    const next: Slot<R>[] = [];
    for (const { name, id, identity, build } of wanted) {
      const slot = held.get(name);
      try {
        next.push(slot?.identity === identity ? slot : { name, id, identity, running: build() });
      } catch (error) {
        errors.push(error);
      }
    }
    return {
      next,
      incoming: next.filter((slot) => !this.#slots.includes(slot)),
      outgoing: this.#slots.filter((slot) => !next.includes(slot)),
    };
  }

  /**
   * Starts what is new. Plugins of one id may need the same port or device, so where some of them leave, they stop before
   * the others start. Throws if a plugin does not start; `undo` then brings back what ran before.
   */
  async change(plan: Plan<R>, undo: Undo): Promise<void> {
    const leaving = new Set(plan.outgoing.map((slot) => slot.id));
    const added = plan.incoming.filter((slot) => !leaving.has(slot.id));
    undo.push(() => this.#remove(added));
    await this.#start(added);
    for (const id of leaving) {
      const incoming = plan.incoming.filter((slot) => slot.id === id);
      const outgoing = plan.outgoing.filter((slot) => slot.id === id);
      if (incoming.length > 0) await this.#swap(outgoing, incoming, undo);
    }
  }

  /** Ends a change: stops what is not wanted any more. */
  async finish(plan: Plan<R>): Promise<void> {
    const gone = this.#slots.filter((slot) => plan.outgoing.includes(slot));
    this.#set(plan.next.filter((slot) => this.#slots.includes(slot)));
    await this.#remove(gone);
  }

  /** Stops everything, for good, in at most `timeoutMs`; a change in progress fails. */
  async close(timeoutMs: number): Promise<void> {
    this.#closed = true;
    const live = [...new Set([...this.#live, ...this.#running])];
    const stopped = Promise.all(live.map((running) => running.stop(timeoutMs)));
    await within(this.#options.clock, stopped, timeoutMs);
    for (const running of live) this.#options.handOver?.(running, undefined);
  }

  async #swap(outgoing: readonly Slot<R>[], incoming: readonly Slot<R>[], undo: Undo): Promise<void> {
    undo.push(() => this.#restore(outgoing, incoming));
    // The newcomers take their places first: outputs buffer what comes until they are connected.
    this.#set([...without(this.#slots, outgoing), ...incoming]);
    await this.#stop(outgoing);
    this.#handOver(outgoing, incoming);
    await this.#start(incoming);
  }

  /** Takes a swap back. A plugin cannot be started twice, so the old ones are made anew. */
  async #restore(outgoing: readonly Slot<R>[], incoming: readonly Slot<R>[]): Promise<void> {
    await this.#stop(incoming);
    const revived: Slot<R>[] = [];
    for (const slot of outgoing) {
      const made = await attempt(() => slot.running.revive());
      if (made.ok) revived.push({ ...slot, running: made.value });
      else this.#report(slot, made.error);
    }
    this.#handOver(incoming, revived);
    this.#set([...without(this.#slots, incoming), ...revived]);
    const started = await attempt(() => this.#start(revived));
    if (!started.ok) this.#options.log.error({ error: messageOf(started.error) }, 'a plugin did not come back');
  }

  /** Starts plugins side by side and puts those that run into their slots. Throws one error for all that failed. */
  async #start(slots: readonly Slot<R>[]): Promise<void> {
    const failures: { readonly slot: Slot<R>; readonly error: unknown }[] = [];
    const start = async (slot: Slot<R>): Promise<void> => {
      this.#live.add(slot.running);
      const outcome = await attempt(() => {
        if (this.#closed) throw new StartupError('the agent stops', { retryable: false });
        return slot.running.start();
      });
      if (!outcome.ok) failures.push({ slot, error: outcome.error });
      else if (outcome.value) this.#started(slot);
      else await this.#remove([slot]);
    };
    await Promise.all(slots.map(start));
    if (failures.length > 0) throw this.#failure(failures);
  }

  #started(slot: Slot<R>): void {
    if (!this.#slots.includes(slot)) this.#set([...this.#slots, slot]);
    this.#options.onStarted?.(slot.running);
  }

  async #remove(slots: readonly Slot<R>[]): Promise<void> {
    this.#set(without(this.#slots, slots));
    await this.#stop(slots);
    this.#handOver(slots, []);
  }

  async #stop(slots: readonly Slot<R>[]): Promise<void> {
    const timeoutMs = this.#options.stopTimeoutMs();
    await Promise.all(slots.map((slot) => slot.running.stop(timeoutMs)));
    for (const slot of slots) this.#live.delete(slot.running);
  }

  /** Each of `from` is succeeded by the one of its name, or else of its position. */
  #handOver(from: readonly Slot<R>[], to: readonly Slot<R>[]): void {
    for (const [i, slot] of from.entries()) {
      const successor = to.find(({ name }) => name === slot.name) ?? to[i];
      this.#options.handOver?.(slot.running, successor?.running);
    }
  }

  #set(slots: readonly Slot<R>[]): void {
    this.#slots = slots;
    this.#running = slots.map((slot) => slot.running);
    this.#options.onChange?.();
  }

  #report(slot: Slot<R>, error: unknown): void {
    this.#options.log.error(
      { plugin: `${this.#options.kind}.${slot.name}`, error: messageOf(error) },
      'plugin is lost',
    );
  }

  #failure(failures: readonly { readonly slot: Slot<R>; readonly error: unknown }[]): Error {
    const lines = failures.map(
      ({ slot, error }) => `${this.#options.kind}.${slot.name} did not start: ${messageOf(error)}`,
    );
    return new StartupError(lines.join('; '), { retryable: false });
  }
}

function without<R>(slots: readonly Slot<R>[], gone: readonly Slot<R>[]): readonly Slot<R>[] {
  return slots.filter((slot) => !gone.includes(slot));
}

/** One error for all that plugins threw while they were made: every mistake in a configuration is reported at once. */
export function combineErrors(errors: readonly unknown[]): unknown {
  if (errors.length === 1) return errors[0];
  const issues = errors.flatMap((error) => (isA(ConfigError, error) ? error.issues : []));
  return new ConfigError(errors.map(messageOf).join('\n'), issues);
}
