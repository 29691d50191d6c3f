/**
 * Serves the metrics of the pipeline to Prometheus. Counts and distributions are summed up per series from the start of
 * the output, since Prometheus wants running totals; a series is gone from the next page on when its input ends it or
 * its metrics cease. Nothing is measured or fetched at a scrape: the page shows what was written last.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline, type Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { constants, createGzip } from 'node:zlib';
import { ConfigError } from '../../../core/errors.js';
import type { Metric } from '../../../core/metric.js';
import type { Output, PluginContext } from '../../../core/plugin.js';
import { serverSettings } from '../../common/http/options.js';
import { answerText, HttpServer } from '../../common/http/server.js';
import { Bounds } from './bounds.js';
import type { PrometheusConfig } from './config.js';
import { acceptsGzip, CONTENT_TYPE, chooseFormat, type Format } from './negotiate.js';
import { OwnMetrics } from './own-metrics.js';
import { writeText } from './page.js';
import { PageWriter } from './page-writer.js';
import { SeriesTable } from './series-table.js';

const MAX_CONCURRENT_SCRAPES = 4;
/** A scraper that has not taken its page by then holds up others for nothing: Prometheus gives up after 10 s. */
const SCRAPE_TIMEOUT_MS = 60_000;
/** Metrics applied between two looks at the rest of the world. */
const METRICS_PER_SLICE = 500;

export class PrometheusOutput implements Output {
  readonly #config: PrometheusConfig;
  readonly #context: PluginContext;
  readonly #server: HttpServer;
  readonly #own: OwnMetrics;
  readonly #table: SeriesTable;
  readonly #bounds: Bounds;
  #scrapes = 0;
  #expiredAtMs = 0;
  #nativeAsked = false;

  /** Throws ConfigError on options that contradict each other. */
  constructor(config: PrometheusConfig, context: PluginContext) {
    this.#config = config;
    this.#context = context;
    this.#bounds = new Bounds(checkedBuckets(config.buckets));
    this.#own = new OwnMetrics(() => this.#table.size, config.runtime_metrics);
    this.#table = new SeriesTable({
      expiryMs: config.series_expiry,
      windowMs: context.agent.windowMs,
      maxSeries: config.max_series,
      bounds: this.#bounds,
      detail: config.native_histograms ? 'fine' : 'classic',
      isReserved: (name) => this.#own.owns(name),
      onDrop: (reason) => this.#own.countDrop(reason),
    });
    this.#server = new HttpServer(
      serverSettings(config),
      (path, request, response) => this.#answer(path, request, response),
      {
        clock: context.clock,
        log: context.log,
        onAnswered: (outcome) => this.#own.countRequest(outcome),
      },
    );
  }

  /** Address of the metrics; undefined unless connected. */
  get url(): string | undefined {
    return this.#server.url && this.#server.url + this.#config.path;
  }

  async connect(signal: AbortSignal): Promise<void> {
    this.#own.start();
    await this.#server.listen(signal);
    this.#context.log.info({ url: this.url }, 'serving metrics');
  }

  async write(batch: readonly Metric[]): Promise<void> {
    let applied = 0;
    for (const metric of batch) {
      this.#table.apply(metric, this.#context.clock.monotonicMs());
      applied += 1;
      if (applied % METRICS_PER_SLICE === 0) await setImmediate();
    }
    const nowMs = this.#context.clock.monotonicMs();
    // Series end even when nobody scrapes.
    if (nowMs - this.#expiredAtMs >= this.#context.agent.windowMs) this.#expire(nowMs);
  }

  async close(): Promise<void> {
    await this.#server.close();
  }

  #expire(nowMs: number): void {
    this.#table.expire(nowMs);
    this.#expiredAtMs = nowMs;
  }

  #answer(path: string, request: IncomingMessage, response: ServerResponse): Promise<void> | void {
    if (path === this.#config.path) return this.#scrape(request, response);
    if (path === '/') return answerLanding(response, this.#config.path);
    answerText(response, 404, `Nothing here; the metrics are at ${this.#config.path}\n`);
  }

  async #scrape(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (this.#scrapes >= MAX_CONCURRENT_SCRAPES) {
      response.setHeader('Retry-After', '1');
      return answerText(response, 503, `Already serving ${MAX_CONCURRENT_SCRAPES} scrapes.\n`);
    }
    const format = chooseFormat(request.headers.accept, this.#config.native_histograms);
    response.setHeader('Content-Type', CONTENT_TYPE[format]);
    response.setHeader('Vary', 'Accept, Accept-Encoding');
    if (request.method === 'HEAD') return void response.end();
    this.#scrapes += 1;
    const timeout = this.#context.clock.after(SCRAPE_TIMEOUT_MS, () => response.destroy());
    try {
      await this.#writePage(format, this.#body(request, response));
    } catch (error) {
      // A scraper that hangs up is its own business, and is counted as `aborted`.
      if (!response.destroyed) throw error;
    } finally {
      timeout.cancel();
      this.#scrapes -= 1;
    }
  }

  async #writePage(format: Format, out: Writable): Promise<void> {
    const { clock } = this.#context;
    const startMs = clock.monotonicMs();
    this.#expire(startMs);
    this.#keepWhatIsAskedFor(format);
    const page = new PageWriter(out, clock);
    if (format === 'text') {
      page.text(await this.#own.text());
      await writeText(page, this.#table, this.#bounds);
    } else {
      const { ownProtobuf, writeProtobuf } = await import('./protobuf-page.js');
      page.bytes(ownProtobuf(await this.#own.families()));
      await writeProtobuf(page, this.#table, this.#config.classic_with_native ? this.#bounds : undefined);
    }
    await page.end();
    this.#own.recordScrape(clock.monotonicMs() - startMs, page.bytesWritten);
  }

  /** Once native histograms were asked for they are kept for good; text alone needs less. */
  #keepWhatIsAskedFor(format: Format): void {
    if (format === 'protobuf') this.#nativeAsked = true;
    this.#table.keep(this.#nativeAsked ? 'fine' : 'classic');
  }

  #body(request: IncomingMessage, response: ServerResponse): Writable {
    if (!this.#config.gzip || !acceptsGzip(request.headers['accept-encoding'])) return response;
    response.setHeader('Content-Encoding', 'gzip');
    const gzip = createGzip({ level: constants.Z_BEST_SPEED });
    // A failure destroys both; the writer of the page sees it there.
    pipeline(gzip, response, () => {});
    return gzip;
  }
}

function checkedBuckets(buckets: readonly number[]): readonly number[] {
  for (let i = 1; i < buckets.length; i += 1) {
    const [before = 0, bound = 0] = [buckets[i - 1], buckets[i]];
    if (bound <= before) throw new ConfigError(`buckets must ascend: found ${bound} after ${before}; sort them`);
  }
  return buckets;
}

function answerLanding(response: ServerResponse, path: string): void {
  const link = path.replace(/[&<>"]/g, (special) => `&#${special.charCodeAt(0)};`);
  const html = `<!doctype html><html lang="en"><title>weft</title><h1>weft</h1><p><a href="${link}">Metrics</a></p></html>\n`;
  response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Length': Buffer.byteLength(html) });
  response.end(html);
}
