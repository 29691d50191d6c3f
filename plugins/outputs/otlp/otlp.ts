/**
 * Sends batches to an OTLP receiver, one request a batch. When and whether a batch is sent again is the agent's decision, by the
 * error that `write` rejects with; totals grow when the receiver has taken a batch, so that sending it twice changes nothing.
 */

import { StartupError } from '../../../core/errors.js';
import { count, gauge, type Metric } from '../../../core/metric.js';
import type { Output, PluginContext } from '../../../core/plugin.js';
import { forLog } from '../../common/peer/problem.js';
import type { OtlpConfig } from './config.js';
import type { Exporter } from './exporter.js';
import { type PartialSuccess, settle } from './partial-success.js';
import { type DropReason, encode } from './points.js';
import { type Settings, settingsOf } from './settings.js';
import { Totals } from './totals.js';

export class OtlpOutput implements Output {
  readonly #config: OtlpConfig;
  readonly #settings: Settings;
  readonly #context: PluginContext;
  readonly #totals: Totals;
  #exporter: Exporter | undefined;
  #sweptMs = 0;
  #lastWarning = '';
  #points = 0;
  #rejectedPoints = 0;
  readonly #dropped = new Map<DropReason, number>();

  /** Throws ConfigError, for what the environment says too. */
  constructor(config: OtlpConfig, context: PluginContext) {
    this.#config = config;
    this.#settings = settingsOf(config, process.env);
    this.#context = context;
    this.#totals = new Totals({
      cumulative: this.#settings.temporality === 'cumulative',
      windowNs: BigInt(context.agent.windowMs) * 1_000_000n,
      expiryMs: config.series_expiry,
      maxSeries: config.max_series,
    });
  }

  /** Speaks to nobody yet: whether the receiver is there is the business of every single write. */
  async connect(): Promise<void> {
    const { openExporter } = await import('./open-exporter.js');
    try {
      this.#exporter = await openExporter(this.#config, this.#settings, this.#context);
    } catch (cause) {
      throw new StartupError('cannot set up the OTLP exporter', { retryable: true, cause });
    }
    const { protocol, temporality } = this.#settings;
    this.#context.log.info({ url: this.#exporter.url, protocol, temporality }, 'sending metrics over OTLP');
  }

  async write(batch: readonly Metric[], signal: AbortSignal): Promise<void> {
    if (this.#exporter === undefined) throw new Error('the output is not connected');
    const nowMs = this.#context.clock.monotonicMs();
    const draft = this.#totals.draft(nowMs);
    const { streams, pointsOf, rejected, dropped } = await encode(batch, draft);
    const partial = streams.length > 0 ? await this.#exporter.export(streams, signal) : undefined;
    draft.commit();
    this.#count(pointsOf, partial, dropped);
    this.#expire(nowMs);
    const error = settle(pointsOf, rejected, partial);
    if (error !== undefined) throw error;
    this.#warn(partial);
  }

  async close(): Promise<void> {
    const exporter = this.#exporter;
    this.#exporter = undefined;
    await exporter?.close();
  }

  selfMetrics(timeNs: bigint): Metric[] {
    const metrics: Metric[] = [
      {
        name: 'weft_otlp',
        tags: {},
        fields: {
          points: count(this.#points, 'points'),
          rejected_points: count(this.#rejectedPoints, 'points'),
          series: gauge(this.#totals.size, 'series'),
        },
        timeNs,
      },
    ];
    for (const [reason, fields] of this.#dropped) {
      metrics.push({
        name: 'weft_otlp_dropped',
        tags: { reason },
        fields: { fields: count(fields, 'fields') },
        timeNs,
      });
    }
    this.#points = 0;
    this.#rejectedPoints = 0;
    this.#dropped.clear();
    return metrics;
  }

  #count(
    pointsOf: readonly number[],
    partial: PartialSuccess | undefined,
    dropped: ReadonlyMap<DropReason, number>,
  ): void {
    const sent = pointsOf.reduce((sum, points) => sum + points, 0);
    const refused = Math.min(sent, partial?.rejectedPoints ?? 0);
    this.#points += sent - refused;
    this.#rejectedPoints += refused;
    for (const [reason, fields] of dropped) this.#dropped.set(reason, (this.#dropped.get(reason) ?? 0) + fields);
  }

  /** A receiver may have something to say although it took everything; the same thing is told once. */
  #warn(partial: PartialSuccess | undefined): void {
    if (partial === undefined || partial.message === '' || partial.message === this.#lastWarning) return;
    this.#lastWarning = partial.message;
    this.#context.log.warn({ warning: forLog(partial.message) }, 'the receiver took everything, with a warning');
  }

  #expire(nowMs: number): void {
    if (nowMs - this.#sweptMs < this.#context.agent.windowMs) return;
    this.#sweptMs = nowMs;
    this.#totals.expire(nowMs);
  }
}
