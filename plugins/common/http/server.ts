/**
 * A small HTTP(S) server for pages that machines fetch: GET and HEAD only, one authorization for all of it, every wait
 * and the number of connections bounded. What it answers is the handler's matter.
 */

import { readFile } from 'node:fs/promises';
import { createServer as createHttpServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type Clock, delay } from '../../../core/clock.js';
import { describeError, StartupError } from '../../../core/errors.js';
import type { Logger } from '../../../core/plugin.js';
import { formatAddress } from '../listen-address.js';
import { type Authorizer, authorizer } from './auth.js';
import type { ServerSettings, TlsFiles } from './options.js';

/** Answers one request; `path` is decoded from the URL, without query. What it throws becomes a 500. */
export type Handler = (path: string, request: IncomingMessage, response: ServerResponse) => Promise<void> | void;

export interface ServerContext {
  readonly clock: Clock;
  readonly log: Logger;
  /** Called once per request with the status that was sent, or `aborted` when the connection broke off before the end. */
  readonly onAnswered?: (outcome: string) => void;
}

const MAX_CONNECTIONS = 64;
const HEADERS_TIMEOUT_MS = 10_000;
/** A peer that neither reads nor writes for this long in mid-request is gone. */
const STALLED_TIMEOUT_MS = 30_000;
/** Longer than the usual scrape interval of one minute, so that a scraper's connection is there for its next scrape. */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;
/** What a close waits for answers that are under way. */
const CLOSE_GRACE_MS = 1_000;

export class HttpServer {
  readonly #settings: ServerSettings;
  readonly #handler: Handler;
  readonly #context: ServerContext;
  readonly #authorizer: Authorizer | undefined;
  #server: Server | undefined;

  constructor(settings: ServerSettings, handler: Handler, context: ServerContext) {
    this.#settings = settings;
    this.#handler = handler;
    this.#context = context;
    this.#authorizer = settings.credentials && authorizer(settings.credentials);
  }

  /** Where it listens, without a trailing slash; undefined before `listen` and after `close`. */
  get url(): string | undefined {
    const address = this.#server?.address() as AddressInfo | null | undefined;
    if (address === undefined || address === null) return undefined;
    return `${this.#settings.tls ? 'https' : 'http'}://${formatAddress(address.address, address.port)}`;
  }

  /** Rejects with a retryable StartupError when a TLS file cannot be used or the address cannot be bound. */
  async listen(signal: AbortSignal): Promise<void> {
    await this.close();
    const server = await this.#create();
    server.maxConnections = MAX_CONNECTIONS;
    server.keepAliveTimeout = KEEP_ALIVE_TIMEOUT_MS;
    server.timeout = STALLED_TIMEOUT_MS;
    server.on('request', (request, response) => void this.#answer(request, response));
    server.on('tlsClientError', (error) => this.#context.log.debug({ error: describeError(error) }, 'TLS refused'));
    await this.#bind(server, signal);
    server.on('error', (error) => this.#context.log.error({ error: describeError(error) }, 'HTTP server failed'));
    this.#server = server;
  }

  /** Takes no more requests, lets those under way end for a second, then cuts them off. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const patience = new AbortController();
    await Promise.race([closed, delay(this.#context.clock, CLOSE_GRACE_MS, patience.signal)]);
    patience.abort();
    server.closeAllConnections();
    await closed;
  }

  async #create(): Promise<Server> {
    const limits = { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: HEADERS_TIMEOUT_MS };
    const { tls } = this.#settings;
    if (tls === undefined) return createHttpServer(limits);
    const material = await readTlsFiles(tls);
    try {
      return createHttpsServer({ ...limits, ...material, minVersion: 'TLSv1.2', handshakeTimeout: HEADERS_TIMEOUT_MS });
    } catch (cause) {
      throw new StartupError(
        `cannot use the certificate ${tls.certFile} with the key ${tls.keyFile}: expected PEM files that belong together`,
        { retryable: true, cause },
      );
    }
  }

  async #bind(server: Server, signal: AbortSignal): Promise<void> {
    const { host, port } = this.#settings.address;
    signal.throwIfAborted();
    try {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject);
        server.listen({ port, ...(host !== undefined && { host }) }, () => {
          server.off('error', reject);
          resolve();
        });
      });
    } catch (cause) {
      throw new StartupError(listenProblem(formatAddress(host ?? '*', port), cause), { retryable: true, cause });
    }
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

async function readTlsFiles(tls: TlsFiles): Promise<object> {
  const [cert, key, ca] = await Promise.all([
    readPem('tls_cert', tls.certFile),
    readPem('tls_key', tls.keyFile),
    tls.clientCaFile === undefined ? undefined : readPem('tls_client_ca', tls.clientCaFile),
  ]);
  return ca === undefined ? { cert, key } : { cert, key, ca, requestCert: true, rejectUnauthorized: true };
}

async function readPem(option: string, file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new StartupError(`cannot read ${option} ${file}`, { retryable: true, cause });
  }
}

function listenProblem(address: string, cause: unknown): string {
  const code = (cause as NodeJS.ErrnoException).code;
  if (code === 'EADDRINUSE')
    return `cannot listen on ${address}: another process uses this address; stop it or change \`listen\``;
  if (code === 'EADDRNOTAVAIL')
    return `cannot listen on ${address}: this host has no such address; change the host part of \`listen\``;
  if (code === 'EACCES')
    return `cannot listen on ${address}: ports below 1024 need CAP_NET_BIND_SERVICE; grant it or change \`listen\``;
  return `cannot listen on ${address}`;
}
