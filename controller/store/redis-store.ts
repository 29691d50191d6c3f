/**
 * The store that several controllers share: a Redis or Valkey, a cluster of them, or one that sentinels look after. Every
 * controller holds all entries in memory; Redis has a key for each, with an expiry, and carries the news of changes.
 *
 * Three ways keep them equal: a change is announced in the same step that writes it; after every disturbance of a
 * connection, and once a minute, all keys are compared with what is held; and what Redis lacks is written back then, so
 * that a Redis that was restarted empty loses nothing. Of two versions of an entry the one seen later counts.
 */

import { setImmediate } from 'node:timers/promises';
import { type Clock, delay, type Timer } from '../../core/clock.js';
import { describeError, StartupError } from '../../core/errors.js';
import { LimitedLog } from '../../core/pipeline/limited-log.js';
import type { Logger } from '../../core/plugin.js';
import { AnswerWatch } from '../../core/redis/answer-watch.js';
import { warnOfPasswordInClear } from '../../core/redis/clear-text.js';
import { createConnection, type RedisConnection } from '../../core/redis/connection.js';
import { isErrorReply } from '../../core/redis/error-reply.js';
import { checkRedisConfig } from '../../core/redis/options.js';
import type { AgentEntry } from '../agent-entry.js';
import { notYours } from '../registry-error.js';
import type { RedisStoreConfig } from './redis-form.js';
import { DELETE, PUT, RESTORE } from './redis-scripts.js';
import { isDeleted, parseValue, partsOf, seenMsOf } from './redis-value.js';
import type { HeldEntry, RegistryStore, StoreListener } from './store.js';

export interface RedisStoreContext {
  readonly clock: Clock;
  readonly log: Logger;
  /** Expiry of the keys. */
  readonly forgetAfterMs: number;
}

/** Where its options stand. */
const OPTION = 'controller.store';
const RESYNC_MS = 60_000;
const RETRY_MS = 500;
/** Entries that are written back at once. */
const RESTORE_BATCH = 500;

export class RedisStore implements RegistryStore {
  readonly #config: RedisStoreConfig;
  readonly #context: RedisStoreContext;
  readonly #log: LimitedLog;
  readonly #answers: AnswerWatch;
  readonly #closing = new AbortController();
  #listener: StoreListener | undefined;
  #connection: RedisConnection | undefined;
  #timer: Timer | undefined;
  #available = false;
  /** Grows with every disturbance: what was compared before one may be out of date. */
  #disturbances = 0;
  #recovery: Promise<void> | undefined;

  /** Throws ConfigError. */
  constructor(config: RedisStoreConfig, context: RedisStoreContext) {
    checkRedisConfig(config, OPTION);
    this.#config = config;
    this.#context = context;
    this.#answers = new AnswerWatch(context.clock, config.timeout);
    this.#log = new LimitedLog(context.log, context.clock);
  }

  async open(listener: StoreListener): Promise<void> {
    this.#listener = listener;
    const connection = await createConnection(OPTION, this.#config, {
      onDisturbed: (error) => this.#disturbed(error),
      onMessage: (message) => this.#onMessage(message),
    });
    this.#connection = connection;
    try {
      await this.#answers.within(connection.connect(`${this.#config.prefix}agents`));
      await this.#synchronise();
    } catch (cause) {
      await this.close();
      throw new StartupError('the Redis of the registry cannot be used', { retryable: true, cause });
    }
    warnOfPasswordInClear(this.#config, this.#context.log);
    this.#available = true;
    this.#armResync();
  }

  async put(entry: AgentEntry): Promise<AgentEntry> {
    const value = await this.#run(PUT, entry.id, this.#context.forgetAfterMs, partsOf(entry));
    if (typeof value !== 'string') throw notYours(entry.id);
    return { ...entry, lastSeenMs: seenMsOf(value) ?? entry.lastSeenMs };
  }

  async delete({ id, lastSeenMs }: AgentEntry): Promise<void> {
    await this.#run(DELETE, id, this.#context.forgetAfterMs, [String(lastSeenMs)]);
  }

  /** Its key expires by itself. */
  forget(): void {}

  async close(): Promise<void> {
    this.#closing.abort();
    this.#timer?.cancel();
    await this.#connection?.close();
    await this.#recovery;
  }

  async #run(script: string, id: string, ttlMs: number, args: readonly string[]): Promise<unknown> {
    const connection = this.#connected();
    const { prefix } = this.#config;
    const whole = [id, `${prefix}agents`, String(Math.max(1, Math.ceil(ttlMs))), ...args];
    try {
      return await this.#answers.within(connection.eval(script, [`${this.#keyPrefix}${id}`], whole));
    } catch (error) {
      // What Redis refuses it has answered; whether the rest was done nobody knows.
      if (!isErrorReply(error)) this.#disturbed(asError(error));
      throw error;
    }
  }

  get #keyPrefix(): string {
    return `${this.#config.prefix}agent:`;
  }

  #connected(): RedisConnection {
    if (this.#connection === undefined) throw new Error('the store is not open');
    return this.#connection;
  }

  #onMessage(message: string): void {
    const space = message.indexOf(' ');
    this.#take(message.slice(0, space), message.slice(space + 1), 0);
  }

  #take(id: string, text: string, ageMs: number): void {
    const value = parseValue(id, text);
    if (value?.kind === 'entry') this.#listener?.onPut(value.entry, ageMs);
    else if (value?.kind === 'deleted') this.#listener?.onDelete(id, value.seenMs);
    else this.#log.warn('a value in Redis is none of ours and is passed over', id);
  }

  #disturbed(error: Error | undefined): void {
    if (this.#closing.signal.aborted) return;
    this.#disturbances += 1;
    if (this.#available) {
      this.#available = false;
      this.#listener?.onAvailable(false, error);
    }
    this.#recovery ??= this.#recover();
  }

  /** Until everything was compared without a disturbance. */
  async #recover(): Promise<void> {
    const { signal } = this.#closing;
    while (!signal.aborted) {
      // A burst of disturbances is one.
      await setImmediate();
      const { clock } = this.#context;
      const before = this.#disturbances;
      try {
        await this.#synchronise();
        if (before === this.#disturbances) break;
      } catch (error) {
        if (signal.aborted) break;
        this.#log.warn('the registry cannot be compared with Redis, trying again', describeError(error));
        await delay(clock, RETRY_MS, signal);
      }
    }
    this.#recovery = undefined;
    if (signal.aborted) return;
    this.#available = true;
    this.#listener?.onAvailable(true);
  }

  #armResync(): void {
    this.#timer = this.#context.clock.after(RESYNC_MS, () => {
      this.#armResync();
      if (this.#recovery !== undefined) return;
      this.#synchronise().catch((error: unknown) => this.#disturbed(asError(error)));
    });
  }

  /** Takes what Redis has later, and gives back what it has earlier or not at all. */
  async #synchronise(): Promise<void> {
    const present = new Set<string>();
    const batches = this.#connected().keys(this.#keyPrefix)[Symbol.asyncIterator]();
    for (;;) {
      const batch = await this.#answers.within(batches.next());
      if (batch.done) break;
      const ids = batch.value.map((key) => key.slice(this.#keyPrefix.length));
      const compared = await this.#answers.within(Promise.all(ids.map((id) => this.#compare(id))));
      ids.forEach((id, i) => {
        if (compared[i]) present.add(id);
      });
    }
    const missing = [...(this.#listener?.held() ?? [])].filter(({ entry }) => !present.has(entry.id));
    for (let i = 0; i < missing.length; i += RESTORE_BATCH)
      await Promise.all(missing.slice(i, i + RESTORE_BATCH).map((held) => this.#restore(held)));
  }

  /** Whether Redis has what is held, or something later. */
  async #compare(id: string): Promise<boolean> {
    const connection = this.#connected();
    const key = `${this.#keyPrefix}${id}`;
    const value = await connection.get(key);
    if (value === null) return false;
    const heldSeenMs = this.#listener?.get(id)?.entry.lastSeenMs;
    const seenMs = seenMsOf(value);
    if (heldSeenMs !== undefined) {
      if (seenMs === undefined || seenMs < heldSeenMs) return false;
      if (seenMs === heldSeenMs && !isDeleted(value)) return true;
    }
    const ttlMs = await connection.ttlMs(key);
    this.#take(id, value, ttlMs < 0 ? 0 : Math.max(0, this.#context.forgetAfterMs - ttlMs));
    return true;
  }

  async #restore({ entry, ageMs }: HeldEntry): Promise<void> {
    const leftMs = this.#context.forgetAfterMs - ageMs;
    if (leftMs > 0) await this.#run(RESTORE, entry.id, leftMs, partsOf(entry));
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
