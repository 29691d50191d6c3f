/**
 * Takes rows of other hosts in over HTTP and hands them on as the `probe` metrics they were made of, with the time and
 * tags they came with. What is refused, and why, is in the answer and in a counter.
 */

import { Access } from '../../../core/http/access.js';
import { createApi } from '../../../core/http/api.js';
import { answerClientError } from '../../../core/http/client-error.js';
import { isLoopback } from '../../../core/http/listen-address.js';
import { HttpListener, type ListenerLimits } from '../../../core/http/listener.js';
import { ApiProblem } from '../../../core/http/problem.js';
import { readTokens } from '../../../core/http/tokens.js';
import type { Accumulator, Input, PluginContext } from '../../../core/plugin.js';
import type { MeshListenerConfig } from './config.js';
import { TargetMemory } from './memory.js';
import { allRoutes } from './routes.js';
import { readRows, rowProblem, rowsRoute } from './rows-route.js';
import { type MeshListenerSettings, meshListenerSettings } from './settings.js';
import { Tally } from './tally.js';
import { Turns } from './turns.js';

/** Agents push once a flush interval, which is seldom longer: their connection is to be there still. */
const KEEP_ALIVE_MS = 75_000;
/** Of 30 targets each that is some 3 ms, and as many metrics as outputs/mesh-grid adds in a turn. */
const DOCUMENTS_PER_TURN = 5;

export class MeshListenerInput implements Input {
  readonly #config: MeshListenerConfig;
  readonly #context: PluginContext;
  readonly #settings: MeshListenerSettings;
  readonly #limits: Partial<ListenerLimits>;
  readonly #memory: TargetMemory;
  readonly #tally = new Tally();
  readonly #turns = new Turns(DOCUMENTS_PER_TURN);
  #listener: HttpListener | undefined;

  /** Throws ConfigError. `limits` are for tests, which cannot wait for slow peers. */
  constructor(config: MeshListenerConfig, context: PluginContext, limits: Partial<ListenerLimits> = {}) {
    this.#config = config;
    this.#context = context;
    this.#settings = meshListenerSettings(config);
    this.#limits = limits;
    this.#memory = new TargetMemory(config.max_remembered, context.agent.windowMs);
  }

  /** Without a trailing slash; undefined unless started. */
  get url(): string | undefined {
    return this.#listener?.url;
  }

  async start(acc: Accumulator, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#context;
    const { address, tls } = this.#settings;
    const app = await this.#createApi(acc);
    const { max_connections: maxConnections } = this.#config;
    const listener = new HttpListener({
      address,
      tls,
      limits: {
        maxConnections,
        maxConnectionsPerAddress: Math.ceil(maxConnections / 2),
        headersTimeoutMs: 10_000,
        requestTimeoutMs: 15_000,
        stalledTimeoutMs: 30_000,
        keepAliveTimeoutMs: KEEP_ALIVE_MS,
        ...this.#limits,
      },
      onRequest: (request, response) => app.routing(request, response),
      onClientError: (error, socket) => {
        const status = answerClientError(error, socket);
        if (status !== undefined) this.#tally.answered(status);
      },
      onRefused: () => this.#tally.add('connections_refused'),
      clock,
      log,
    });
    await listener.listen(signal);
    this.#listener = listener;
    this.#report();
  }

  async gather(acc: Accumulator): Promise<void> {
    const standing = { connections: this.#listener?.connections ?? 0, remembered: this.#memory.size };
    for (const metric of this.#tally.metrics(standing, this.#context.clock.nowNs())) acc.add(metric);
  }

  async stop(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    await listener?.close();
  }

  async #createApi(acc: Accumulator) {
    const { clock, log } = this.#context;
    const config = this.#config;
    const { tls, isAllowed } = this.#settings;
    const mutualTls = tls?.clientCaFile !== undefined;
    const maxBodyBytes = config.max_body_size;
    const route = rowsRoute({
      judge: { maxAgeMs: config.max_age, maxSkewMs: config.max_skew, isAllowed },
      mutualTls,
      maxBodyBytes,
      memory: this.#memory,
      tally: this.#tally,
      clock,
      emit: (metric) => acc.add(metric),
    });
    return await createApi(allRoutes(route), {
      access: new Access(await readTokens(config.tokens), mutualTls),
      clock,
      log,
      rateLimit: config.rate_limit,
      maxBodyBytes,
      readBody: async (body, request) => {
        this.#tally.add('received', body.length);
        await this.#turns.next();
        return await readRows(body, request, config.max_inflated_size);
      },
      onAnswered: ({ status }) => this.#tally.answered(status),
      invalidBody: (issues) => new ApiProblem(400, 'malformed', 'these are no rows', { issues }),
      problemOf: rowProblem,
      words: { server: 'the listener', seeAlso: 'rows go to POST /v1/rows; see /v1/openapi.json' },
    });
  }

  #report(): void {
    const { log } = this.#context;
    const { isOpen, tls, address } = this.#settings;
    log.info({ url: this.url }, 'rows are taken in');
    if (isOpen) log.warn({}, 'no tokens are set: everybody on this host may push rows');
    else if (tls === undefined && !isLoopback(address))
      log.warn({}, 'tokens travel in clear text: set tls_cert and tls_key');
  }
}
