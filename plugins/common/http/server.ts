/**
 * A small HTTP(S) server for pages that machines fetch: GET and HEAD only, one authorization for all of it. What it
 * answers is the handler's matter.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../../core/clock.js';
import { describeError } from '../../../core/errors.js';
import { HttpListener, type ListenerLimits } from '../../../core/http/listener.js';
import type { Logger } from '../../../core/plugin.js';
import { type Authorizer, authorizer } from './auth.js';
import type { ServerSettings } from './options.js';

/** Answers one request; `path` is decoded from the URL, without query. What it throws becomes a 500. */
export type Handler = (path: string, request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

export interface ServerContext {
  readonly clock: Clock;
  readonly log: Logger;
  /** Called once per request with the status that was sent, or `aborted` when the connection broke off before the end. */
  readonly onAnswered?: (outcome: string) => void;
}

const LIMITS: ListenerLimits = {
  maxConnections: 64,
  headersTimeoutMs: 10_000,
  stalledTimeoutMs: 30_000,
  // Longer than the usual scrape interval of one minute, so that a scraper's connection is there for its next scrape.
  keepAliveTimeoutMs: 75_000,
};

export class HttpServer {
  readonly #handler: Handler;
  readonly #context: ServerContext;
  readonly #authorizer: Authorizer | undefined;
  readonly #listener: HttpListener;

  constructor(settings: ServerSettings, handler: Handler, context: ServerContext) {
    this.#handler = handler;
    this.#context = context;
    this.#authorizer = settings.credentials && authorizer(settings.credentials);
    this.#listener = new HttpListener({
      address: settings.address,
      tls: settings.tls,
      limits: LIMITS,
      onRequest: (request, response) => void this.#answer(request, response),
      clock: context.clock,
      log: context.log,
    });
  }

  /** Where it listens, without a trailing slash; undefined before `listen` and after `close`. */
  get url(): string | undefined {
    return this.#listener.url;
  }

  /** Rejects with a retryable StartupError when a TLS file cannot be used or the address cannot be bound. */
  listen(signal: AbortSignal): Promise<void> {
    return this.#listener.listen(signal);
  }

  /** Takes no more requests, lets those under way end for a second, then cuts them off. */
  close(): Promise<void> {
    return this.#listener.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.once('close', () => {
      this.#context.onAnswered?.(response.writableFinished ? String(response.statusCode) : 'aborted');
    });
    if (this.#authorizer && !this.#authorizer.allows(request.headers.authorization)) {
      response.setHeader('WWW-Authenticate', this.#authorizer.challenge);
      return answerText(response, 401, 'Not authorized.\n');
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      // The body is not wanted: closing the connection is how not to read it.
      response.setHeader('Connection', 'close');
      return answerText(response, 405, 'Only GET and HEAD are served here.\n');
    }
    try {
      await this.#handler((request.url ?? '/').split('?', 1)[0] ?? '/', request, response);
    } catch (error) {
      this.#context.log.error({ error: describeError(error) }, 'a request failed');
      if (response.headersSent) response.destroy();
      else answerText(response, 500, 'Internal error.\n');
    }
  }
}

/** Answers with a short text and ends the response. */
export function answerText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=utf-8',
    'Content-Length': Buffer.byteLength(text),
    'X-Content-Type-Options': 'nosniff',
  });
  response.end(text);
}
