/**
 * One POST and its answer, as a transport of the SDK's exporter. The SDK's own tries again by itself, and keeps from its caller
 * how long a receiver wants to be left alone; here that is the agent's business (docs/design/014-otlp.md).
 */

import type { Agent } from 'node:http';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { ExportResponse, IExporterTransport } from '@opentelemetry/otlp-exporter-base';
import type { Clock } from '../../../core/clock.js';
import { describeError } from '../../../core/errors.js';
import {
  type ExchangeAnswer,
  type ExchangeContext,
  type ExchangeRequest,
  exchange,
} from '../../common/peer/exchange.js';
import { PeerError } from '../../common/peer/failure.js';
import { httpError } from './answers.js';

export interface HttpTransportOptions {
  readonly url: URL;
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
    try {
      return { status: 'success', data: await this.#post(data, timeoutMs, this.#current.signal) };
    } catch (error) {
      return { status: 'failure', error: error instanceof Error ? error : new Error(String(error)) };
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
  async #post(data: Uint8Array, timeoutMs: number, signal: AbortSignal): Promise<Uint8Array> {
    const { clock, agent, url, userAgent } = this.#options;
    const { body, encoding } = await this.#encoded(data);
    const headers = { ...(await this.#options.headers()), ...encoding, 'user-agent': userAgent };
    const answer = await this.#exchange(
      { method: 'POST', url, headers, body: () => body, maxBodyBytes: MAX_ANSWER_BYTES },
      { clock, timeoutMs, agent, signal },
    );
    if (answer.status >= 200 && answer.status < 300) return answer.body;
    throw httpError(answer, url.origin, clock.nowNs());
  }

  async #exchange(request: ExchangeRequest, context: ExchangeContext): Promise<ExchangeAnswer> {
    try {
      return await exchange(request, context);
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      throw new PeerError(error.reason, `cannot send to ${request.url.origin}: ${describeError(error)}`);
    }
  }

  async #encoded(data: Uint8Array): Promise<{ body: Buffer; encoding: Readonly<Record<string, string>> }> {
    if (this.#options.compression === 'gzip')
      return { body: await compress(data), encoding: { 'content-encoding': 'gzip' } };
    return { body: Buffer.from(data.buffer, data.byteOffset, data.byteLength), encoding: {} };
  }
}
