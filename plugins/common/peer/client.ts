/** Asks equal peers in turn: the one that answered last first, the next when it fails, until one answers. */

import type { Clock } from '../../../core/clock.js';
import { describeError } from '../../../core/errors.js';
import { CredentialSource } from './credentials.js';
import { type ExchangeAnswer, type ExchangeRequest, exchange } from './exchange.js';
import { PeerError } from './failure.js';
import { problemOf } from './problem.js';
import type { PeerSettings } from './settings.js';

export interface Question<T, Act extends string = string>
  extends Pick<ExchangeRequest, 'method' | 'body' | 'maxBodyBytes'> {
  /** What is asked for, as it is counted. */
  readonly act: Act;
  /** Below the peer's URL. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The answer with one of these statuses, as what is wanted. May throw PeerError: then it is no answer. */
  readonly statuses: readonly number[];
  readonly read: (answer: ExchangeAnswer, url: URL) => T;
  /** Whether another peer would say the same, or is not to be asked; default: never. */
  readonly isFinal?: (failure: PeerError) => boolean;
  /** Gives up besides the client's own end. */
  readonly signal?: AbortSignal;
}

export interface ClientOptions<Act extends string> {
  readonly settings: PeerSettings;
  readonly clock: Clock;
  /** Of one exchange, ms. */
  readonly timeoutMs: number;
  /** Told of every exchange that failed, also when another peer then answered. */
  readonly onFailure: (act: Act, error: PeerError) => void;
}

export class PeerClient<Act extends string = string> {
  readonly #options: ClientOptions<Act>;
  readonly #credentials: CredentialSource;
  readonly #abort = new AbortController();
  /** Index of the URL that is asked first. */
  #preferred = 0;

  constructor(options: ClientOptions<Act>) {
    this.#options = options;
    this.#credentials = new CredentialSource(options.settings);
  }

  get isClosed(): boolean {
    return this.#abort.signal.aborted;
  }

  /** The peer that is asked first. */
  get url(): URL {
    const url = this.#options.settings.urls[this.#preferred];
    if (url === undefined) throw new RangeError('no url');
    return url;
  }

  /** Rejects with PeerError when the files of the credentials cannot be used. */
  async check(): Promise<void> {
    await this.#credentials.read();
  }

  /** Ends what is under way. */
  close(): void {
    this.#abort.abort();
    this.#credentials.close();
  }

  /** Rejects with the PeerError of the last peer asked; all of them have been passed to `onFailure` already. */
  async ask<T>(question: Question<T, Act>): Promise<T> {
    const { urls } = this.#options.settings;
    const first = this.#preferred;
    let failure: PeerError | undefined;
    for (let turn = 0; turn < urls.length; turn++) {
      const index = (first + turn) % urls.length;
      try {
        const value = await this.#askOne(question, urls[index] as URL);
        this.#preferred = index;
        return value;
      } catch (error) {
        this.#signalOf(question).throwIfAborted();
        failure = this.#report(question.act, error);
        if (question.isFinal?.(failure) !== true) continue;
        // It works.
        this.#preferred = index;
        break;
      }
    }
    throw failure;
  }

  async #askOne<T>(question: Question<T, Act>, url: URL): Promise<T> {
    const { clock, timeoutMs } = this.#options;
    try {
      const { token, agentFor } = await this.#credentials.read();
      const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const headers = { accept: 'application/json', ...authorization, ...question.headers };
      const target = new URL(question.path, url);
      const { method, body, maxBodyBytes } = question;
      const answer = await exchange(
        { method, url: target, headers, body, maxBodyBytes },
        { clock, timeoutMs, agent: agentFor(target), signal: this.#signalOf(question) },
      );
      if (!question.statuses.includes(answer.status)) throw problemOf(answer);
      return question.read(answer, url);
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      const { reason, retryAfterMs, answer } = error;
      const message = `cannot ${question.act} at ${url.href}: ${describeError(error)}`;
      throw new PeerError(reason, message, { retryAfterMs, answer });
    }
  }

  #signalOf({ signal }: Pick<Question<unknown, Act>, 'signal'>): AbortSignal {
    return signal === undefined ? this.#abort.signal : AbortSignal.any([this.#abort.signal, signal]);
  }

  #report(act: Act, error: unknown): PeerError {
    const failure = error instanceof PeerError ? error : new PeerError('local', `cannot ${act}`, { cause: error });
    this.#options.onFailure(act, failure);
    return failure;
  }
}
