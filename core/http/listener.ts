/**
 * The socket side of an HTTP(S) server: binds, bounds every wait and the number of connections, closes with patience but
 * not for ever. What is answered is its owner's matter.
 */

import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { createServer as createHttpsServer, type Server as HttpsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { type Clock, delay } from '../clock.js';
import { describeError, StartupError } from '../errors.js';
import type { Logger } from '../plugin.js';
import { formatAddress, type ListenAddress } from './listen-address.js';
import { readTlsFiles, type TlsFiles } from './tls.js';

export interface ListenerLimits {
  readonly maxConnections: number;
  /** Of those, what one address may hold; default: all. */
  readonly maxConnectionsPerAddress?: number;
  /** For the head of a request, and for the TLS handshake. */
  readonly headersTimeoutMs: number;
  /** For a whole request with its body; Node's default is 5 minutes. */
  readonly requestTimeoutMs?: number;
  /** A peer that neither reads nor writes for this long in mid-request is gone. */
  readonly stalledTimeoutMs: number;
  /** How long a connection is kept for the next request. */
  readonly keepAliveTimeoutMs: number;
}

export interface ListenerOptions {
  readonly address: ListenAddress;
  readonly tls: TlsFiles | undefined;
  readonly limits: ListenerLimits;
  readonly onRequest: RequestListener;
  /** What is no HTTP, or too slow, or too large a head; default: Node's bare 400, 408 or 431. */
  readonly onClientError?: (error: NodeJS.ErrnoException, socket: Socket) => void;
  /** Called for each connection that was turned away because there were too many. */
  readonly onRefused?: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What a close waits for answers that are under way. */
const CLOSE_GRACE_MS = 1_000;

export class HttpListener {
  readonly #options: ListenerOptions;
  readonly #connections = new Map<string, number>();
  #server: Server | HttpsServer | undefined;

  constructor(options: ListenerOptions) {
    this.#options = options;
  }

  /** Where it listens, without a trailing slash; undefined before `listen` and after `close`. */
  get url(): string | undefined {
    const address = this.#server?.address() as AddressInfo | null | undefined;
    if (address === undefined || address === null) return undefined;
    return `${this.#options.tls ? 'https' : 'http'}://${formatAddress(address.address, address.port)}`;
  }

  /** Open connections. */
  get connections(): number {
    let sum = 0;
    for (const count of this.#connections.values()) sum += count;
    return sum;
  }

  /** Rejects with a retryable StartupError when a TLS file cannot be used or the address cannot be bound. */
  async listen(signal: AbortSignal): Promise<void> {
    await this.close();
    const { limits, onRequest, onClientError, log } = this.#options;
    const server = await this.#create();
    server.maxConnections = limits.maxConnections;
    server.keepAliveTimeout = limits.keepAliveTimeoutMs;
    server.timeout = limits.stalledTimeoutMs;
    server.on('request', onRequest);
    server.on('connection', (socket) => this.#admit(socket));
    server.on('drop', () => this.#options.onRefused?.());
    if (onClientError !== undefined) server.on('clientError', onClientError);
    server.on('tlsClientError', (error) => log.debug({ error: describeError(error) }, 'TLS refused'));
    await this.#bind(server, signal);
    server.on('error', (error) => log.error({ error: describeError(error) }, 'HTTP server failed'));
    this.#server = server;
  }

  /** Reads the TLS files again for the connections to come. Rejects as `listen` does, and then the old ones stay. */
  async reloadTls(): Promise<void> {
    const { tls } = this.#options;
    if (tls === undefined) return;
    const material = await readTlsFiles(tls);
    if (this.#server !== undefined && 'setSecureContext' in this.#server) {
      this.#server.setSecureContext({ ...material, minVersion: 'TLSv1.2' });
    }
  }

  /** Takes no more requests, lets those under way end for a second, then cuts them off. */
  async close(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeIdleConnections();
    const patience = new AbortController();
    await Promise.race([closed, delay(this.#options.clock, CLOSE_GRACE_MS, patience.signal)]);
    patience.abort();
    server.closeAllConnections();
    await closed;
  }

  async #create(): Promise<Server | HttpsServer> {
    const { tls, limits } = this.#options;
    const { headersTimeoutMs: headersTimeout, requestTimeoutMs: requestTimeout } = limits;
    const waits = {
      headersTimeout,
      connectionsCheckingInterval: Math.min(headersTimeout, requestTimeout ?? headersTimeout),
      ...(requestTimeout !== undefined && { requestTimeout }),
    };
    if (tls === undefined) return createHttpServer(waits);
    const material = await readTlsFiles(tls);
    const mutual = material.ca === undefined ? {} : { requestCert: true, rejectUnauthorized: true };
    return createHttpsServer({
      ...waits,
      ...material,
      ...mutual,
      minVersion: 'TLSv1.2',
      handshakeTimeout: headersTimeout,
    });
  }

  async #bind(server: Server | HttpsServer, signal: AbortSignal): Promise<void> {
    const { host, port } = this.#options.address;
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

  #admit(socket: Socket): void {
    const address = socket.remoteAddress ?? '';
    const count = (this.#connections.get(address) ?? 0) + 1;
    this.#connections.set(address, count);
    socket.once('close', () => this.#release(address));
    if (count <= (this.#options.limits.maxConnectionsPerAddress ?? Number.POSITIVE_INFINITY)) return;
    this.#options.onRefused?.();
    socket.destroy();
  }

  #release(address: string): void {
    const count = (this.#connections.get(address) ?? 1) - 1;
    if (count > 0) this.#connections.set(address, count);
    else this.#connections.delete(address);
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
