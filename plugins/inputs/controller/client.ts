/** Asks the controllers in turn: the one that answered last first, the next when it fails, until one answers. */

import type { Clock } from '../../../core/clock.js';
import { describeError } from '../../../core/errors.js';
import { CredentialSource } from './credentials.js';
import { type ExchangeAnswer, type ExchangeRequest, exchange } from './exchange.js';
import { ControllerError } from './failure.js';
import { problemOf } from './problem.js';
import type { ControllerSettings } from './settings.js';
import type { Act } from './tally.js';

export interface Question<T> extends Pick<ExchangeRequest, 'method' | 'body' | 'maxBodyBytes'> {
  /** What is asked for, as it is counted. */
  readonly act: Act;
  /** Below the controller's URL. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The answer with one of these statuses, as what is wanted. May throw ControllerError: then it is no answer. */
  readonly statuses: readonly number[];
  readonly read: (answer: ExchangeAnswer, url: URL) => T;
}

export interface ClientOptions {
  readonly settings: ControllerSettings;
  readonly clock: Clock;
  /** Of one exchange, ms. */
  readonly timeoutMs: number;
  /** Told of every exchange that failed, also when another controller then answered. */
  readonly onFailure: (act: Act, error: ControllerError) => void;
}

export class ControllerClient {
  readonly #options: ClientOptions;
  readonly #credentials: CredentialSource;
  readonly #abort = new AbortController();
  /** Index of the URL that is asked first. */
  #preferred = 0;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#credentials = new CredentialSource(options.settings);
  }

  get isClosed(): boolean {
    return this.#abort.signal.aborted;
  }

  /** The controller that is asked first. */
  get url(): URL {
    const url = this.#options.settings.urls[this.#preferred];
    if (url === undefined) throw new RangeError('no url');
    return url;
  }

  /** Rejects with ControllerError when the files of the credentials cannot be used. */
  async check(): Promise<void> {
    await this.#credentials.read();
  }

  /** Ends what is under way. */
  close(): void {
    this.#abort.abort();
    this.#credentials.close();
  }

  /** Rejects with the ControllerError of the last controller; all of them have been passed to `onFailure` already. */
  async ask<T>(question: Question<T>): Promise<T> {
    const { urls } = this.#options.settings;
    const first = this.#preferred;
    let failure: ControllerError | undefined;
    for (let turn = 0; turn < urls.length; turn++) {
      const index = (first + turn) % urls.length;
      try {
        const value = await this.#askOne(question, urls[index] as URL);
        this.#preferred = index;
        return value;
      } catch (error) {
        this.#abort.signal.throwIfAborted();
        failure = this.#report(question.act, error);
        if (failure.reason !== 'not_registered') continue;
        // It works, and the cure is to register with it, not to ask another.
        this.#preferred = index;
        break;
      }
    }
    throw failure;
  }

  async #askOne<T>(question: Question<T>, url: URL): Promise<T> {
    const { clock, timeoutMs } = this.#options;
    try {
      const { token, agentFor } = await this.#credentials.read();
      const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
      const headers = { accept: 'application/json', ...authorization, ...question.headers };
      const target = new URL(question.path, url);
      const { method, body, maxBodyBytes } = question;
      const answer = await exchange(
        { method, url: target, headers, body, maxBodyBytes },
        { clock, timeoutMs, agent: agentFor(target), signal: this.#abort.signal },
      );
      if (!question.statuses.includes(answer.status)) throw problemOf(answer);
      return question.read(answer, url);
    } catch (error) {
      if (!(error instanceof ControllerError)) throw error;
      const { reason, retryAfterMs } = error;
      const message = `cannot ${question.act} at ${url.href}: ${describeError(error)}`;
      throw new ControllerError(reason, message, retryAfterMs === undefined ? {} : { retryAfterMs });
    }
  }

  #report(act: Act, error: unknown): ControllerError {
    const failure =
      error instanceof ControllerError ? error : new ControllerError('local', `cannot ${act}`, { cause: error });
    this.#options.onFailure(act, failure);
    return failure;
  }
}
