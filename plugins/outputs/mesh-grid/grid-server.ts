/**
 * Serves the grid: what is written goes into the store, and who asks gets its views. Nothing is measured or fetched here.
 * The store is memory, lost at a restart unless a Redis has it too (shared/).
 */

import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { setImmediate } from 'node:timers/promises';
import { describeError } from '../../../core/errors.js';
import { Access } from '../../../core/http/access.js';
import { createApi } from '../../../core/http/api.js';
import { answerClientError } from '../../../core/http/client-error.js';
import { isLoopback, type ListenAddress, parseListenAddress } from '../../../core/http/listen-address.js';
import { HttpListener, type ListenerLimits } from '../../../core/http/listener.js';
import { ApiProblem } from '../../../core/http/problem.js';
import type { Route } from '../../../core/http/route.js';
import { type TlsFiles, tlsFiles } from '../../../core/http/tls.js';
import { readTokens, type TokensConfig } from '../../../core/http/tokens.js';
import type { Metric } from '../../../core/metric.js';
import type { Output, PluginContext } from '../../../core/plugin.js';
import { GridStore } from '../../common/grid/store/grid-store.js';
import { Views } from '../../common/grid/store/views.js';
import { EventStreams } from './api/event-streams.js';
import { allRoutes } from './api/routes.js';
import { checkedAccess, type ServeConfig, thresholdsOf } from './config.js';
import { dashboardRoutes } from './dashboard.js';
import { GridTally } from './grid-tally.js';
import type { SharedGrid } from './shared/shared-grid.js';
import { patternLimits } from './thresholds.js';

const LIMITS: ListenerLimits = {
  maxConnections: 256,
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 15_000,
  stalledTimeoutMs: 30_000,
  keepAliveTimeoutMs: 75_000,
};
/** Requests have no bodies. */
const MAX_BODY_BYTES = 1024;
/** Metrics added between two looks at the rest of the world: a good millisecond. */
const METRICS_PER_SLICE = 150;
/** Once a mesh is too large windows give way all the time. */
const WARN_EVERY_MS = 600_000;
const PREFLIGHT_SECONDS = 600;

export class GridServer implements Output {
  readonly store: GridStore;
  readonly #config: ServeConfig;
  readonly #context: PluginContext;
  readonly #address: ListenAddress;
  readonly #tls: TlsFiles | undefined;
  readonly #tokens: TokensConfig;
  readonly #streams: EventStreams;
  readonly #views: Views;
  readonly #tally = new GridTally();
  #listener: HttpListener | undefined;
  #shared: SharedGrid | undefined;
  #nextWarningMs = 0;
  /** What was last said of each transport's windows. */
  readonly #announced = new Map<string, string>();

  /** Throws ConfigError on options that need or exclude each other. */
  constructor(config: ServeConfig, context: PluginContext) {
    this.#config = config;
    this.#context = context;
    this.#address = parseListenAddress(config.listen);
    this.#tls = tlsFiles(config);
    this.#tokens = checkedAccess(config, isLoopback(this.#address));
    const { windows, max_cells: maxCells, max_bytes: maxBytes, max_path_bytes: maxPathBytes } = config;
    this.store = new GridStore({ windowMs: context.agent.windowMs, windows, maxCells, maxBytes, maxPathBytes });
    this.#views = new Views(this.store, (transport) => patternLimits(thresholdsOf(config, transport)));
    this.#streams = new EventStreams(context.clock);
  }

  /** Where the API is, without a trailing slash; undefined unless connected. */
  get url(): string | undefined {
    return this.#listener?.url;
  }

  async connect(signal: AbortSignal): Promise<void> {
    await this.close();
    const { clock, log } = this.#context;
    this.#shared = await this.#openShared();
    const access = new Access(await readTokens(this.#tokens), this.#config.tls_client_ca !== undefined);
    const app = await createApi([...this.#routes(), ...(await this.#dashboard())], {
      access,
      clock,
      log,
      rateLimit: this.#config.rate_limit,
      maxBodyBytes: MAX_BODY_BYTES,
      onAnswered: () => {},
      invalidBody: () => new ApiProblem(400, 'bad_request', 'no body is wanted here'),
      words: { server: 'the grid', seeAlso: 'see /v1/openapi.json' },
    });
    const listener = new HttpListener({
      address: this.#address,
      tls: this.#tls,
      limits: LIMITS,
      onRequest: (request, response) => {
        if (!this.#isPreflight(request, response)) app.routing(request, response);
      },
      onClientError: answerClientError,
      clock,
      log,
    });
    await listener.listen(signal);
    this.#listener = listener;
    log.info({ url: this.url }, 'serving the grid');
    if (this.#tls === undefined && !isLoopback(this.#address))
      log.warn({}, 'tokens and data travel in clear text: set tls_cert and tls_key');
  }

  async write(batch: readonly Metric[]): Promise<void> {
    const { clock } = this.#context;
    const evicted = this.store.evictedWindows;
    if (this.#shared !== undefined) {
      await this.#shared.write(batch, METRICS_PER_SLICE);
    } else {
      for (const [i, metric] of batch.entries()) {
        this.store.add(metric, Number(clock.nowNs() / 1_000_000n));
        if (i % METRICS_PER_SLICE === METRICS_PER_SLICE - 1) await setImmediate();
      }
    }
    if (this.store.evictedWindows > evicted) this.#warnOfEviction();
    this.#announce();
  }

  async close(): Promise<void> {
    this.#streams.close();
    const listener = this.#listener;
    this.#listener = undefined;
    await listener?.close();
    const shared = this.#shared;
    this.#shared = undefined;
    await shared?.close();
  }

  selfMetrics(timeNs: bigint): Metric[] {
    return [this.#tally.metric(this.store, this.#shared, timeNs)];
  }

  async #openShared(): Promise<SharedGrid | undefined> {
    const { store } = this.#config;
    if (store === undefined) return undefined;
    // Loaded when needed: the client of Redis costs tens of megabytes.
    const { SharedGrid } = await import('./shared/shared-grid.js');
    const { clock, log } = this.#context;
    const shared = new SharedGrid(store, { store: this.store, clock, log, onTaken: () => this.#announce() });
    await shared.open();
    return shared;
  }

  #routes() {
    return allRoutes({
      store: this.store,
      views: this.#views,
      thresholdsOf: (transport) => thresholdsOf(this.#config, transport),
      streams: this.#streams,
      clock: this.#context.clock,
      instance: randomUUID(),
      shared: () => this.#shared,
    });
  }

  /** Without its page the API still serves programs. */
  async #dashboard(): Promise<Route[]> {
    try {
      return await dashboardRoutes();
    } catch (error) {
      this.#context.log.warn({ error: describeError(error) }, 'no dashboard at /: it was not built (npm run build)');
      return [];
    }
  }

  #warnOfEviction(): void {
    const nowMs = this.#context.clock.monotonicMs();
    if (nowMs < this.#nextWarningMs) return;
    this.#nextWarningMs = nowMs + WARN_EVERY_MS;
    const { cells, bytes } = this.store;
    this.#context.log.warn({ cells, bytes }, 'windows gave way before their time: raise max_cells or max_bytes');
  }

  #announce(): void {
    for (const transport of this.store.transports) {
      const mesh = this.store.mesh(transport);
      const newestMs = mesh?.windows.at(-1)?.startMs;
      const settledMs = mesh?.settledWindow()?.startMs;
      const state = `${newestMs} ${settledMs}`;
      if (newestMs === undefined || this.#announced.get(transport) === state) continue;
      this.#announced.set(transport, state);
      this.#streams.send('window', { transport, newest_ms: newestMs, settled_ms: settledMs });
    }
  }

  /** Sets what every answer has; answers itself what a browser asks before it asks from another site. */
  #isPreflight(request: IncomingMessage, response: ServerResponse): boolean {
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'");
    response.setHeader('Referrer-Policy', 'no-referrer');
    // Of answers that may lack what other servers took in.
    if (this.#shared !== undefined && this.#shared.state !== 'ready')
      response.setHeader('Weft-Store', this.#shared.state);
    const { cors_origins: origins } = this.#config;
    if (origins.length === 0) return false;
    response.setHeader('Vary', 'Origin');
    const { origin } = request.headers;
    if (origin === undefined || !(origins.includes('*') || origins.includes(origin))) return false;
    response.setHeader('Access-Control-Allow-Origin', origins.includes('*') ? '*' : origin);
    response.setHeader('Access-Control-Expose-Headers', 'ETag, Weft-Store');
    if (request.method !== 'OPTIONS' || request.headers['access-control-request-method'] === undefined) return false;
    response.setHeader('Access-Control-Allow-Methods', 'GET, HEAD');
    response.setHeader('Access-Control-Allow-Headers', 'Authorization, If-None-Match');
    response.setHeader('Access-Control-Max-Age', PREFLIGHT_SECONDS);
    response.writeHead(204).end();
    return true;
  }
}
