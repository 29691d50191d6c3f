/**
 * One POST and its answer, as a transport of the SDK's exporter. The SDK's own tries again by itself, and keeps from its caller
 * how long a receiver wants to be left alone; here that is the agent's business (docs/design/014-otlp.md).
 */

import { type Agent, request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { ExportResponse, IExporterTransport } from '@opentelemetry/otlp-exporter-base';
import type { Clock } from '../../../core/clock.js';
import { httpError } from './answers.js';

export interface HttpTransportOptions {
  readonly url: string;
  readonly agent: Agent;
  readonly compression: 'gzip' | 'none';
  /** Those of the environment may be read anew. */
  readonly headers: () => Promise<Record<string, string>>;
  readonly userAgent: string;
  readonly clock: Clock;
}

/** The limit that the specification recommends. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const compress = promisify(gzip);

export class HttpTransport implements IExporterTransport {
  readonly #options: HttpTransportOptions;
  #current = new AbortController();

  constructor(options: HttpTransportOptions) {
    this.#options = options;
  }

  /** Never rejects; a failure carries the error that says what becomes of the batch. */
  async send(data: Uint8Array, timeoutMs: number): Promise<ExportResponse> {
    this.#current = new AbortController();
    const timeout = this.#options.clock.after(timeoutMs, () =>
      this.#current.abort(new Error(`the receiver did not answer within ${timeoutMs} ms`)),
    );
    const { signal } = this.#current;
    try {
      return { status: 'success', data: await this.#post(data, signal) };
    } catch (error) {
      const cause = signal.aborted ? signal.reason : error;
      return { status: 'failure', error: cause instanceof Error ? cause : new Error(String(cause)) };
    } finally {
      timeout.cancel();
    }
  }

  /** Gives up the request under way. */
  abort(reason: unknown): void {
    this.#current.abort(reason);
  }

  shutdown(): void {
    this.abort(new Error('the output is closed'));
    this.#options.agent.destroy();
  }

  /** Resolves to the body of a 2xx that came whole: half an answer is none. */
  async #post(data: Uint8Array, signal: AbortSignal): Promise<Uint8Array> {
    const { compression, url } = this.#options;
    const body = compression === 'gzip' ? await compress(data) : data;
    const headers: Record<string, string | number> = {
      ...(await this.#options.headers()),
      'user-agent': this.#options.userAgent,
      'content-length': body.length,
    };
    if (compression === 'gzip') headers['content-encoding'] = 'gzip';
    const answer = await this.#exchange(body, headers, signal);
    const answered = await readAll(answer);
    const status = answer.statusCode ?? 0;
    if (status >= 200 && status < 300) return answered;
    const nowMs = Number(this.#options.clock.nowNs() / 1_000_000n);
    const error = httpError(status, answer.headers['retry-after'], answered, nowMs);
    error.message = `${new URL(url).origin}: ${error.message}`;
    throw error;
  }

  #exchange(body: Uint8Array, headers: Record<string, string | number>, signal: AbortSignal): Promise<IncomingMessage> {
    const { url, agent } = this.#options;
    const request = url.startsWith('https:') ? httpsRequest : httpRequest;
    return new Promise((resolve, reject) => {
      const sent = request(url, { method: 'POST', agent, headers, signal }, resolve);
      sent.on('error', (cause) => reject(new Error(`cannot reach ${new URL(url).origin}`, { cause })));
      sent.end(body);
    });
  }
}

async function readAll(answer: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer) {
    bytes += (chunk as Buffer).length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`the answer is larger than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}
