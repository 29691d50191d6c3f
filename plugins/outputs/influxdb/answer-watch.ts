/**
 * The answer to a request that somebody else's code makes: Node tells of every response before that code sees it
 * (https://nodejs.org/docs/latest-v20.x/api/diagnostics_channel.html#http).
 */

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ClientRequest, IncomingMessage } from 'node:http';
import { BoundedBytes } from '../../common/peer/bounded-bytes.js';
import { PeerError } from '../../common/peer/failure.js';
import { MAX_ANSWER_BYTES, type ServerAnswer } from './server.js';

const CHANNEL = 'http.client.response.finish';

export class AnswerWatch {
  /** Rejects when the answer breaks off, with what `fail` is told, or with the reason of the signal; whichever is first. */
  readonly answer: Promise<ServerAnswer>;
  readonly #requestId: string;
  readonly #signal: AbortSignal;
  #resolve: (answer: ServerAnswer) => void = () => {};
  #reject: (error: unknown) => void = () => {};

  /** Watches for the request with that header `x-request-id`. */
  constructor(requestId: string, signal: AbortSignal) {
    this.#requestId = requestId;
    this.#signal = signal;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    // It may fail before anybody waits for it.
    this.answer.catch(() => {});
    if (signal.aborted) this.#abort();
    signal.addEventListener('abort', this.#abort, { once: true });
    subscribe(CHANNEL, this.#onResponse);
  }

  fail(error: unknown): void {
    this.#reject(error);
  }

  end(): void {
    unsubscribe(CHANNEL, this.#onResponse);
    this.#signal.removeEventListener('abort', this.#abort);
  }

  readonly #abort = (): void => this.fail(this.#signal.reason);

  readonly #onResponse = (message: unknown): void => {
    const { request, response } = message as { readonly request: ClientRequest; readonly response: IncomingMessage };
    if (request.getHeader('x-request-id') !== this.#requestId) return;
    const body = new BoundedBytes(MAX_ANSWER_BYTES);
    response.on('data', (piece: string | Buffer) => {
      body.append(typeof piece === 'string' ? Buffer.from(piece) : piece);
    });
    response.once('end', () => {
      const { statusCode: status = 0, headers } = response;
      this.#resolve({ status, retryAfter: headers['retry-after'], body: body.bytes().toString('utf8') });
    });
    response.once('close', () => this.fail(new PeerError('unreachable', 'the answer broke off')));
  };
}
