/** The connection of the output: made with the first write, and anew after anything that disturbed it. */

import type { Clock } from '../../../core/clock.js';
import { describeError } from '../../../core/errors.js';
import { AnswerWatch } from '../../../core/redis/answer-watch.js';
import type { RedisConnection } from '../../../core/redis/connection.js';
import { withoutLogin } from '../../../core/redis/options.js';
import { PeerError } from '../../common/peer/failure.js';
import type { RedisOutputConfig } from './config.js';
import { mishapOf } from './replies.js';

export interface Session {
  readonly connection: RedisConnection;
  readonly answers: AnswerWatch;
}

export class RedisLink {
  readonly #config: RedisOutputConfig;
  readonly #clock: Clock;
  #session: Session | undefined;
  #isDisturbed = false;

  constructor(config: RedisOutputConfig, clock: Clock) {
    this.#config = config;
    this.#clock = clock;
  }

  /** For messages. */
  get place(): string {
    return placeOf(this.#config);
  }

  /** Rejects with StartupError or PeerError, or when the signal aborts. */
  async session(signal: AbortSignal): Promise<Session> {
    signal.throwIfAborted();
    if (this.#session !== undefined && !this.#isDisturbed) return this.#session;
    await this.drop();
    const onDisturbed = (): void => {
      this.#isDisturbed = true;
    };
    // Loaded when needed: agents that write to no Redis do not pay for its client.
    const { createConnection } = await import('../../../core/redis/connection.js');
    const connection = await createConnection('outputs.redis', this.#config, { onDisturbed, onMessage() {} });
    this.#session = { connection, answers: new AnswerWatch(this.#clock, this.#config.timeout) };
    this.#isDisturbed = false;
    try {
      await this.#open(this.#session, signal);
      return this.#session;
    } catch (error) {
      await this.drop();
      throw this.#told(error);
    }
  }

  /** Legal when there is none. */
  async drop(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    await session?.connection.close();
  }

  async #open({ connection, answers }: Session, signal: AbortSignal): Promise<void> {
    await answers.within(unlessAborted(connection.connect(), signal));
    if (this.#config.time_series === undefined) return;
    await answers.within(unlessAborted(requireTimeSeries(connection), signal));
  }

  #told(error: unknown): Error {
    const mishap = mishapOf(error);
    const { reason, message } =
      mishap.kind === 'failed' ? mishap.error : { reason: 'status' as const, message: describeError(error) };
    return new PeerError(reason, `cannot write to ${this.place}: ${message}`);
  }
}

/** Rejects when the signal aborts, whatever becomes of the work. */
async function unlessAborted(work: Promise<void>, signal: AbortSignal): Promise<void> {
  let giveUp = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    giveUp = () => reject(signal.reason);
    signal.addEventListener('abort', giveUp, { once: true });
  });
  try {
    if (signal.aborted) giveUp();
    await Promise.race([aborted, work]);
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

/** Without arguments the command does nothing, but says whether there is one. */
async function requireTimeSeries(connection: RedisConnection): Promise<void> {
  try {
    await connection.send(undefined, ['TS.ADD']);
  } catch (error) {
    if (!/wrong number of arguments/.test(describeError(error))) throw error;
  }
}

/** Without credentials. */
function placeOf({ url, cluster, sentinel }: RedisOutputConfig): string {
  if (sentinel !== undefined) return `the Redis that the sentinels call ${sentinel.name}`;
  const [first = ''] = cluster ?? [url];
  return `${cluster === undefined ? 'Redis' : 'the cluster'} at ${withoutLogin(first)}`;
}
