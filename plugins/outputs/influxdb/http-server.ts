/**
 * Versions 2 and 3: line protocol over HTTP.
 * https://docs.influxdata.com/influxdb/v2/api/write-data/, https://docs.influxdata.com/influxdb3/core/api/v3/
 */

import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { Clock } from '../../../core/clock.js';
import { CredentialSource } from '../../common/peer/credentials.js';
import { exchange } from '../../common/peer/exchange.js';
import { lineOf, type Point, type Precision } from './batch.js';
import type { Place2, Place3 } from './config.js';
import { type InfluxServer, MAX_ANSWER_BYTES, type ServerAnswer } from './server.js';

const compress = promisify(gzip);
/** Half the CPU of the usual level for a tenth more bytes, measured with windows of probes. */
const COMPRESSION = { level: 3 };

const V3_PRECISIONS = { s: 'second', ms: 'millisecond', us: 'microsecond', ns: 'nanosecond' } as const;

export class HttpServer implements InfluxServer {
  readonly #place: Place2 | Place3;
  readonly #clock: Clock;
  readonly #credentials: CredentialSource;
  readonly #closed = new AbortController();

  constructor(place: Place2 | Place3, clock: Clock) {
    this.#place = place;
    this.#clock = clock;
    this.#credentials = new CredentialSource(place.settings);
  }

  async check(): Promise<void> {
    await this.#credentials.read();
  }

  async write(points: readonly Point[], precision: Precision, signal: AbortSignal): Promise<ServerAnswer> {
    const { gzip: isCompressed, timeoutMs } = this.#place;
    const { token, agentFor } = await this.#credentials.read();
    const text = points.map(lineOf).join('\n');
    const body = isCompressed ? await compress(text, COMPRESSION) : Buffer.from(text);
    const url = writeUrl(this.#place, precision);
    const headers = {
      accept: 'application/json',
      'content-type': 'text/plain; charset=utf-8',
      ...(isCompressed && { 'content-encoding': 'gzip' }),
      ...(token !== undefined && { authorization: `${this.#place.version === 2 ? 'Token' : 'Bearer'} ${token}` }),
    };
    const limits = { maxBodyBytes: MAX_ANSWER_BYTES, maxProblemBytes: MAX_ANSWER_BYTES };
    const answer = await exchange(
      { method: 'POST', url, headers, body: () => body, ...limits },
      { clock: this.#clock, timeoutMs, agent: agentFor(url), signal: AbortSignal.any([signal, this.#closed.signal]) },
    );
    return {
      status: answer.status,
      retryAfter: answer.headers['retry-after'],
      body: answer.body.toString('utf8'),
    };
  }

  close(): void {
    this.#closed.abort();
    this.#credentials.close();
  }
}

function writeUrl(place: Place2 | Place3, precision: Precision): URL {
  const [base] = place.settings.urls;
  if (place.version === 2) {
    const { organization: org, bucket } = place;
    return urlOf('api/v2/write', base, { org, bucket, precision });
  }
  // Without accept_partial one bad line would keep out all others; with no_sync points could be lost after the answer.
  const flags = { accept_partial: 'true', no_sync: 'false' };
  return urlOf('api/v3/write_lp', base, { db: place.database, precision: V3_PRECISIONS[precision], ...flags });
}

function urlOf(path: string, base: URL | undefined, parameters: Readonly<Record<string, string>>): URL {
  const url = new URL(path, base);
  url.search = new URLSearchParams(parameters).toString();
  return url;
}
