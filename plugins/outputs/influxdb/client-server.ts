/**
 * Version 1, through the package `influx`, which is guarded against what it does by itself:
 * - without a user it logs in as root:root;
 * - it writes again by itself, and leaves a host alone after a failure, its only one too;
 * - it writes names as they are, `\'` in tags as something else, and line breaks, empty tags and NaN as broken lines: it is handed
 *   lines that are finished, in the place of names;
 * - of an answer with 5xx it tells neither the body nor Retry-After, and one that breaks off it waits for without end: answers
 *   are read where Node tells of them.
 */

import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { RequestOptions } from 'node:https';
import { InfluxDB, type TimePrecision } from 'influx';
import type { Clock } from '../../../core/clock.js';
import { CredentialSource } from '../../common/peer/credentials.js';
import { PeerError } from '../../common/peer/failure.js';
import { FILE_PREFIX } from '../../common/peer/settings.js';
import { AnswerWatch } from './answer-watch.js';
import type { Point, Precision } from './batch.js';
import type { Place1 } from './config.js';
import type { InfluxServer, ServerAnswer } from './server.js';

const V1_PRECISIONS: Readonly<Record<Precision, TimePrecision>> = { s: 's', ms: 'ms', us: 'u', ns: 'n' };

export class ClientServer implements InfluxServer {
  readonly #place: Place1;
  readonly #clock: Clock;
  readonly #credentials: CredentialSource;
  readonly #closed = new AbortController();
  /** The package reads it for every request: what is set here counts from the next one on. */
  readonly #request: RequestOptions = {};
  readonly #client: InfluxDB;

  constructor(place: Place1, clock: Clock) {
    this.#place = place;
    this.#clock = clock;
    this.#credentials = new CredentialSource(place.settings);
    this.#client = guardedClient(place, this.#request);
  }

  async check(): Promise<void> {
    await Promise.all([this.#credentials.read(), this.#authorization()]);
  }

  async write(points: readonly Point[], precision: Precision, signal: AbortSignal): Promise<ServerAnswer> {
    const { database, retentionPolicy, timeoutMs } = this.#place;
    const [{ agentFor }, authorization] = await Promise.all([this.#credentials.read(), this.#authorization()]);
    const cut = new AbortController();
    const timer = this.#clock.after(timeoutMs, () => {
      cut.abort(new PeerError('timeout', `no complete answer within ${timeoutMs} ms`));
    });
    // InfluxDB writes it into its log.
    const requestId = randomUUID();
    const headers = { 'x-request-id': requestId, ...(authorization !== undefined && { authorization }) };
    const stop = AbortSignal.any([signal, this.#closed.signal, cut.signal]);
    Object.assign(this.#request, { agent: agentFor(baseOf(this.#place)), signal: stop, headers });
    const watch = new AnswerWatch(requestId, stop);
    try {
      const lines = points.map(({ text, time }) => ({ measurement: text, timestamp: time }));
      const where = { database, ...(retentionPolicy !== undefined && { retentionPolicy }) };
      this.#client
        .writePoints(lines, { precision: V1_PRECISIONS[precision], ...where })
        .catch((cause: unknown) => watch.fail(new PeerError('unreachable', 'no answer', { cause })));
      return await watch.answer;
    } finally {
      watch.end();
      timer.cancel();
    }
  }

  close(): void {
    this.#closed.abort();
    this.#credentials.close();
  }

  async #authorization(): Promise<string | undefined> {
    const { login } = this.#place;
    if (login === undefined) return undefined;
    const password = await secretOf(login.password);
    return `Basic ${Buffer.from(`${login.username}:${password}`).toString('base64')}`;
  }
}

function baseOf({ settings }: Place1): URL {
  const [url] = settings.urls;
  if (url === undefined) throw new RangeError('no url');
  return url;
}

function guardedClient(place: Place1, options: RequestOptions): InfluxDB {
  const { protocol, hostname, port, pathname } = baseOf(place);
  const isTls = protocol === 'https:';
  const host = {
    host: hostname,
    port: port === '' ? (isTls ? 443 : 80) : Number(port),
    path: pathname.replace(/\/$/, ''),
    protocol: isTls ? ('https' as const) : ('http' as const),
    options,
  };
  const backoff = { getDelay: () => 0, next: () => backoff, reset: () => backoff };
  return new InfluxDB({
    hosts: [host],
    // Not undefined, which would be root:root; who has a login sends it in a header.
    username: null as unknown as string,
    pool: { maxRetries: 0, requestTimeout: 2 * place.timeoutMs, backoff },
  });
}

async function secretOf(text: string): Promise<string> {
  if (!text.startsWith(FILE_PREFIX)) return text;
  const file = text.slice(FILE_PREFIX.length);
  try {
    return (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    throw new PeerError('local', `cannot read the password in ${file}`, { cause });
  }
}
