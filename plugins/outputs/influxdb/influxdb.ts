/** Writes metrics to InfluxDB 1.x, 2.x or 3 and tells the agent, point by point, what became of them. */

import { warnOfClearText } from '../../../core/clear-text.js';
import { describeError, PartialWriteError, type Rejection, StartupError } from '../../../core/errors.js';
import type { Metric } from '../../../core/metric.js';
import type { Output, PluginContext } from '../../../core/plugin.js';
import { PeerError } from '../../common/peer/failure.js';
import { sendsTokenInClear } from '../../common/peer/settings.js';
import { type EncodedBatch, encodeBatch, type Point, type Precision } from './batch.js';
import { type InfluxdbConfig, type WritePlace, writePlace } from './config.js';
import { HttpServer } from './http-server.js';
import { MAX_KEY_BYTES } from './point.js';
import type { InfluxServer } from './server.js';
import { type Refusal, verdictOf } from './verdict.js';

export class InfluxdbOutput implements Output {
  readonly #place: WritePlace;
  readonly #context: PluginContext;
  #server: InfluxServer | undefined;

  /** Throws ConfigError. */
  constructor(config: InfluxdbConfig, context: PluginContext) {
    this.#place = writePlace(config);
    this.#context = context;
  }

  /** Does not ask the server: one that is away is no reason not to start, metrics are kept for it. */
  async connect(): Promise<void> {
    const { log } = this.#context;
    const server = await this.#openServer();
    try {
      await server.check();
    } catch (cause) {
      server.close();
      throw new StartupError('cannot use the credentials for InfluxDB', { retryable: true, cause });
    }
    if (sendsSecretInClear(this.#place)) warnOfClearText(log, 'the credentials go to InfluxDB', 'https');
    this.#server = server;
  }

  async #openServer(): Promise<InfluxServer> {
    const { clock } = this.#context;
    if (this.#place.version !== 1) return new HttpServer(this.#place, clock);
    // Loaded when needed: agents without version 1 do not pay for the package.
    const { ClientServer } = await import('./client-server.js');
    return new ClientServer(this.#place, clock);
  }

  async write(batch: readonly Metric[], signal: AbortSignal): Promise<void> {
    const server = this.#server;
    if (server === undefined) throw new Error('the output is not connected');
    const encoded = await encodeBatch(batch, this.#place.version === 3 ? Number.POSITIVE_INFINITY : MAX_KEY_BYTES);
    // What is thrown here is about the points alone: what is wrong with the others is told when these are settled.
    settle(batch, encoded, await this.#store(server, encoded, signal));
  }

  /** Resolves to what is refused; all else is stored then. */
  async #store(server: InfluxServer, { points, precision }: EncodedBatch, signal: AbortSignal): Promise<Refusal[]> {
    const refusals: Refusal[] = [];
    for (let left = points; left.length > 0; ) {
      const refusal = await this.#send(server, left, precision, signal);
      if (refusal === undefined) break;
      refusals.push(refusal);
      if (refusal.areOthersStored) break;
      // Not once more what failed: those of which nothing was said, most of them stored already.
      const refused = new Set(refusal.points);
      left = left.filter((point) => !refused.has(point));
    }
    return refusals;
  }

  async #send(
    server: InfluxServer,
    points: readonly Point[],
    precision: Precision,
    signal: AbortSignal,
  ): Promise<Refusal | undefined> {
    try {
      return verdictOf(await server.write(points, precision, signal), points, this.#context.clock.nowNs());
    } catch (error) {
      if (!(error instanceof PeerError)) throw error;
      const [url] = this.#place.settings.urls;
      throw new PeerError(error.reason, `cannot write to ${url?.href}: ${describeError(error)}`);
    }
  }

  async close(): Promise<void> {
    this.#server?.close();
    this.#server = undefined;
  }
}

/** Throws PartialWriteError unless all of the batch is stored. */
function settle(
  batch: readonly Metric[],
  { rejected: faulty, fault }: EncodedBatch,
  refusals: readonly Refusal[],
): void {
  const refused = refusals.flatMap(({ points, reason }) => points.map(({ index }): Rejection => ({ index, reason })));
  const rejected = [...faulty, ...refused];
  if (rejected.length === 0) return;
  const isRejected = new Set(rejected.map(({ index }) => index));
  const accepted = [...batch.keys()].filter((index) => !isRejected.has(index));
  const causes = [fault, ...refusals.map((refusal) => refusal.message)].filter((cause) => cause !== undefined);
  const message = `${rejected.length} of ${batch.length} metrics are refused for good: ${causes.join('; ')}`;
  throw new PartialWriteError(message, { accepted, rejected, retry: false });
}

function sendsSecretInClear(place: WritePlace): boolean {
  const hasLogin = place.version === 1 && place.login !== undefined;
  return sendsTokenInClear({ ...place.settings, ...(hasLogin && { token: 'password' }) });
}
