/**
 * One HTTP request to a peer that is not trusted: the whole of it under one deadline, headers and body bounded, redirects
 * not followed, nothing decoded. node:http, not fetch: it says which address of this host the connection has, and takes
 * an authority and a client certificate.
 */

import { type ClientRequest, type Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { type Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { networkInterfaces } from 'node:os';
import type { Clock } from '../../../core/clock.js';
import { BoundedBytes } from './bounded-bytes.js';
import { PeerError } from './failure.js';

export interface ExchangeRequest {
  readonly method: 'GET' | 'PUT' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  /** Made once the connection stands: what is sent may depend on its address on this side. */
  readonly body?: ((localAddress: string | undefined) => string | Buffer) | undefined;
  /** Of the body of an answer with status 200. */
  readonly maxBodyBytes: number;
  /** At which the body of any other answer is cut; default: MAX_PROBLEM_BYTES. */
  readonly maxProblemBytes?: number;
}

export interface ExchangeAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

export interface ExchangeContext {
  readonly clock: Clock;
  /** From the beginning to the last byte of the answer, ms: no drip is too slow for it. */
  readonly timeoutMs: number;
  /** Keeps connections from one request to the next. */
  readonly agent: HttpAgent | HttpsAgent;
  readonly signal: AbortSignal;
  /** Addresses of this host; default: those of its interfaces that are up. */
  readonly ownAddresses?: () => readonly string[];
}

const MAX_HEADER_BYTES = 16 * 1024;
const MAX_PROBLEM_BYTES = 64 * 1024;

/** Rejects with PeerError, or with the reason of `signal`. Any status is an answer. */
export async function exchange(request: ExchangeRequest, context: ExchangeContext): Promise<ExchangeAnswer> {
  const { clock, timeoutMs, agent, signal, ownAddresses = interfaceAddresses } = context;
  endOrphans(agent, ownAddresses);
  const cut = new AbortController();
  const timer = clock.after(timeoutMs, () => {
    cut.abort(new PeerError('timeout', `no complete answer within ${timeoutMs} ms`));
  });
  const abort = (): void => cut.abort(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await attempt(request, agent, cut.signal);
  } catch (error) {
    if (error !== STALE) throw error;
    return await attempt(request, agent, cut.signal);
  } finally {
    timer.cancel();
    signal.removeEventListener('abort', abort);
  }
}

/** The kernel keeps connections from an address that this host has lost: what they send goes nowhere, and nobody says so. */
function endOrphans({ freeSockets }: HttpAgent | HttpsAgent, ownAddresses: () => readonly string[]): void {
  const kept = Object.values(freeSockets).flatMap((sockets) => sockets ?? []);
  if (kept.length === 0) return;
  const own = new Set(ownAddresses());
  for (const socket of kept) if (!own.has(socket.localAddress ?? '')) socket.destroy();
}

function interfaceAddresses(): string[] {
  return Object.values(networkInterfaces()).flatMap((all) => (all ?? []).map(({ address }) => address));
}

/** The peer closed a kept connection just as it was used again, which it may (RFC 9112, section 9.3.1): worth one more. */
const STALE = Symbol('stale');

function attempt(request: ExchangeRequest, agent: HttpAgent | HttpsAgent, cut: AbortSignal): Promise<ExchangeAnswer> {
  return new Promise((resolve, reject) => {
    if (cut.aborted) return reject(cut.reason);
    const isTls = request.url.protocol === 'https:';
    const outgoing = (isTls ? httpsRequest : httpRequest)(request.url, {
      method: request.method,
      headers: request.headers,
      agent,
      maxHeaderSize: MAX_HEADER_BYTES,
    });
    let stage: Stage = 'connecting';
    const fail = (error: unknown): void => {
      cut.removeEventListener('abort', giveUp);
      reject(error);
      outgoing.destroy();
    };
    const giveUp = (): void => fail(cut.reason);
    const broken = (cause: NodeJS.ErrnoException): void => {
      const isStale = stage === 'sent' && outgoing.reusedSocket && isReset(cause);
      fail(isStale ? STALE : connectionError(cause, stage));
    };
    cut.addEventListener('abort', giveUp, { once: true });
    sendWhenConnected(outgoing, request, isTls, (reached) => (stage = reached));
    outgoing.on('error', broken);
    outgoing.on('upgrade', () => fail(new PeerError('malformed', 'the answer switches the protocol')));
    outgoing.on('response', (incoming) => {
      stage = 'answering';
      receive(incoming, request).then((answer) => {
        cut.removeEventListener('abort', giveUp);
        resolve(answer);
      }, broken);
    });
  });
}

type Stage = 'connecting' | 'securing' | 'sent' | 'answering';

function sendWhenConnected(
  outgoing: ClientRequest,
  { body }: ExchangeRequest,
  isTls: boolean,
  reach: (stage: Stage) => void,
): void {
  outgoing.once('socket', (socket) => {
    const send = (): void => {
      reach('sent');
      const text = body?.(socket.localAddress);
      if (text !== undefined) outgoing.setHeader('content-length', Buffer.byteLength(text));
      outgoing.end(text);
    };
    if (outgoing.reusedSocket) return send();
    socket.once('connect', () => (isTls ? reach('securing') : send()));
    socket.once('secureConnect', send);
  });
}

async function receive(
  incoming: IncomingMessage,
  { maxBodyBytes, maxProblemBytes = MAX_PROBLEM_BYTES }: ExchangeRequest,
): Promise<ExchangeAnswer> {
  const { statusCode: status = 0, headers } = incoming;
  const isWanted = status === 200;
  const limit = isWanted ? maxBodyBytes : maxProblemBytes;
  const body = new BoundedBytes(limit);
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    if (body.append(chunk)) continue;
    // Leaving the loop closes the connection: the rest is not even read.
    if (isWanted) throw new PeerError('too_large', `the answer is longer than ${limit} bytes`);
    break;
  }
  return { status, headers, body: body.bytes() };
}

function connectionError(cause: NodeJS.ErrnoException, stage: Stage): PeerError {
  if (cause instanceof PeerError) return cause;
  const code = cause.code ?? '';
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new PeerError('too_large', `the headers of the answer are longer than ${MAX_HEADER_BYTES} bytes`);
  }
  if (code.startsWith('HPE_')) return new PeerError('malformed', 'the answer is not HTTP', { cause });
  if (stage === 'securing' || code.startsWith('ERR_SSL_')) {
    return new PeerError('tls', 'the TLS handshake failed', { cause });
  }
  const what = stage === 'connecting' ? 'no connection' : 'the connection broke off';
  return new PeerError('unreachable', what, { cause });
}

function isReset({ code }: NodeJS.ErrnoException): boolean {
  return code === 'ECONNRESET' || code === 'EPIPE';
}
