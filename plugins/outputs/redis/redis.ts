/**
 * Writes the latest window of each pair to a hash and every window to a stream, and if asked to channels, time series and
 * PingWeave's keys. All commands of a write are under way together; writing them again changes nothing.
 */

import { setImmediate } from 'node:timers/promises';
import { describeError } from '../../../core/errors.js';
import { isEndOfSeries, type Metric } from '../../../core/metric.js';
import type { Logger, Output, PluginContext } from '../../../core/plugin.js';
import { warnOfPasswordInClear } from '../../../core/redis/clear-text.js';
import { readCredentials } from '../../../core/redis/credentials.js';
import { PeerError } from '../../common/peer/failure.js';
import { checkOptions, type RedisOutputConfig } from './config.js';
import { Delivery } from './delivery.js';
import { MetricFault } from './fault.js';
import { shown } from './field-names.js';
import { LatestWriter } from './latest-writer.js';
import { APPEND, PINGWEAVE } from './lua.js';
import { partsOf } from './parts.js';
import { pingweaveEntry } from './pingweave.js';
import { publicationsOf } from './publication.js';
import { type MetricRecord, recordOf } from './record.js';
import { RedisLink, type Session } from './redis-link.js';
import { mishapOf } from './replies.js';
import { type StreamPart, StreamWriter } from './stream-writer.js';
import { TimeSeries } from './time-series.js';

/** Metrics in a turn of the event loop: some milliseconds. */
const SLICE = 100;

/** What one metric has beside its hash. */
interface Order {
  readonly record: MetricRecord;
  readonly extras: readonly ((session: Session) => Promise<unknown>)[];
}

export class RedisOutput implements Output {
  readonly #config: RedisOutputConfig;
  readonly #log: Logger;
  readonly #windowMs: number;
  readonly #link: RedisLink;
  readonly #latest: LatestWriter;
  readonly #streams: StreamWriter | undefined;
  readonly #series: TimeSeries | undefined;

  /** Throws ConfigError. */
  constructor(config: RedisOutputConfig, { agent, clock, log }: PluginContext) {
    checkOptions(config);
    this.#config = config;
    this.#log = log;
    this.#windowMs = agent.windowMs;
    this.#link = new RedisLink(config, clock);
    const { prefix, stream_length: length, time_series: series } = config;
    this.#latest = new LatestWriter(config.expire_after, config.cluster !== undefined);
    if (length > 0) this.#streams = new StreamWriter(prefix, length);
    if (series !== undefined)
      this.#series = new TimeSeries({ prefix, retentionMs: series.retention, figures: series.figures });
  }

  /** Does not ask Redis: one that is away is no reason not to start, metrics are kept for it. */
  async connect(): Promise<void> {
    await readCredentials('outputs.redis', this.#config);
    warnOfPasswordInClear(this.#config, this.#log);
  }

  async write(batch: readonly Metric[], signal: AbortSignal): Promise<void> {
    const session = await this.#link.session(signal);
    const giveUp = (): void => void this.#link.drop();
    signal.addEventListener('abort', giveUp, { once: true });
    const delivery = new Delivery(batch.length, this.#link.place);
    try {
      // Each step with what the one before has stored, so that a metric that is refused is nowhere.
      const records = await this.#store(batch, session, delivery);
      const stored = (): MetricRecord[] => records.filter(({ index }) => delivery.isFine(index));
      await this.#append(stored(), session, delivery);
      await this.#replicate(stored(), session, delivery);
      await this.#publish(stored(), session, delivery);
    } finally {
      signal.removeEventListener('abort', giveUp);
    }
    try {
      delivery.settle();
    } finally {
      this.#streams?.forget(delivery.settled.flatMap((index) => batch[index] ?? []));
      if (delivery.isConnectionSpent) await this.#link.drop();
    }
  }

  async close(): Promise<void> {
    await this.#link.drop();
  }

  /** What has keys of its own for each metric. Never rejects. */
  async #store(batch: readonly Metric[], session: Session, delivery: Delivery): Promise<MetricRecord[]> {
    const records: MetricRecord[] = [];
    const work: Promise<unknown>[] = [];
    for (let from = 0; from < batch.length; from += SLICE) {
      if (from > 0) await setImmediate();
      const orders = this.#ordersOf(batch, from, delivery);
      const own = orders.map(({ record }) => record);
      records.push(...own);
      const groups = partsOf(own).flatMap((part) => this.#latest.groupsOf(part));
      const answers = groups.map((group) =>
        delivery.trackEach(indicesOf(group), this.#latest.write(group, session.connection.eval)),
      );
      for (const { record, extras } of orders)
        for (const extra of extras) answers.push(delivery.track([record.index], extra(session)));
      work.push(this.#areAnswered(answers, session, delivery));
    }
    await Promise.all(work);
    return records;
  }

  #ordersOf(batch: readonly Metric[], from: number, delivery: Delivery): Order[] {
    const orders: Order[] = [];
    for (let index = from; index < Math.min(batch.length, from + SLICE); index += 1) {
      const metric = batch[index];
      // The end of a series: its key expires.
      if (metric === undefined || isEndOfSeries(metric)) continue;
      try {
        orders.push(this.#orderOf(metric, index));
      } catch (error) {
        if (!(error instanceof MetricFault)) throw error;
        delivery.refuse(index, error.reason, `${shown(metric.name)}: ${error.message}`);
      }
    }
    return orders;
  }

  /** Throws MetricFault. */
  #orderOf(metric: Metric, index: number): Order {
    const { prefix, expire_after: expiry, pingweave_keys: isPingweave, pingweave_rdma: rdma } = this.#config;
    const record = recordOf(metric, index, { prefix, windowMs: this.#windowMs });
    const extras: Order['extras'][number][] = [];
    for (const { key, args } of this.#series?.samplesOf(record) ?? [])
      extras.push(({ connection }) => connection.send(key, args));
    const entry = isPingweave ? pingweaveEntry(record, this.#windowMs, rdma) : undefined;
    if (entry !== undefined) {
      const { key, value, end } = entry;
      extras.push(({ connection }) => connection.eval(PINGWEAVE, [key], [value, end, String(expiry)]));
    }
    return { record, extras };
  }

  /** The streams, each by itself. */
  async #append(records: readonly MetricRecord[], session: Session, delivery: Delivery): Promise<void> {
    const streams = this.#streams;
    if (streams === undefined) return;
    const transports = new Set(records.flatMap(({ transport }) => transport ?? []));
    await Promise.all(
      [...transports].map(async (transport) => {
        const own = records.filter((record) => record.transport === transport);
        const left = await streams.append(transport, own, (part) => this.#isAppended(part, session, delivery));
        const error = new PeerError('status', 'the part of the stream before it could not be written');
        delivery.fail(indicesOf(left.filter(({ index }) => delivery.isFine(index))), error);
      }),
    );
  }

  async #isAppended({ keys, args, records }: StreamPart, session: Session, delivery: Delivery): Promise<boolean> {
    const answer = session.connection.eval(APPEND, keys, args).catch((error: unknown) => {
      // It is the stream that is wrong, and none of the metrics.
      if (mishapOf(error).kind === 'failed') throw error;
      const remedy = 'delete or rename that key, or set another prefix';
      throw new PeerError('status', `cannot append to the stream ${keys[0]}: ${describeError(error)}; ${remedy}`);
    });
    const appended = delivery.track(indicesOf(records), answer);
    return (await this.#areAnswered([appended], session, delivery)) && (await appended);
  }

  async #replicate(records: readonly MetricRecord[], session: Session, delivery: Delivery): Promise<void> {
    const { replicas, timeout } = this.#config;
    if (replicas === 0 || records.length === 0) return;
    // Half of what would count as silence.
    const answer = session.connection.replicated(replicas, Math.ceil(timeout / 2)).then((count) => {
      if (count < replicas) throw new PeerError('overloaded', `${count} of ${replicas} replicas have the write`);
    });
    await this.#areAnswered([delivery.track(indicesOf(records), answer)], session, delivery);
  }

  async #publish(records: readonly MetricRecord[], session: Session, delivery: Delivery): Promise<void> {
    if (!this.#config.publish) return;
    const publications = publicationsOf(this.#config.prefix, this.#windowMs, records);
    const answers = publications.map(({ channel, message, records: row }) => {
      const answer = session.connection.send(undefined, ['PUBLISH', channel, message]);
      return delivery.track(indicesOf(row), answer);
    });
    await this.#areAnswered(answers, session, delivery);
  }

  /** Whether all were answered in time, well or not. What was not has failed, and the connection is given up. */
  async #areAnswered(answers: readonly Promise<unknown>[], session: Session, delivery: Delivery): Promise<boolean> {
    try {
      await session.answers.within(Promise.all(answers));
      return true;
    } catch (error) {
      delivery.failUnanswered(error);
      await this.#link.drop();
      return false;
    }
  }
}

const indicesOf = (records: readonly MetricRecord[]): number[] => records.map(({ index }) => index);
