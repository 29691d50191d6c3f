/**
 * The controller: registry, generator and API, wired. What agents register goes through the store into the registry, from
 * there (only when others would see a difference) into the generator, and comes out as pinglists.
 *
 * Start: tokens and topology are read, the store is opened and loaded, then the API listens. Stop: the other way round.
 */

import type { Clock } from '../core/clock.js';
import { Access, type Tokens } from '../core/http/access.js';
import { answerClientError } from '../core/http/client-error.js';
import { isLoopback, parseListenAddress } from '../core/http/listen-address.js';
import { HttpListener, type ListenerLimits } from '../core/http/listener.js';
import { openApiDocument } from '../core/http/openapi.js';
import { tlsFiles } from '../core/http/tls.js';
import { readTokens } from '../core/http/tokens.js';
import { PinglistGenerator } from '../core/pinglist/generate/generator.js';
import { effectiveLabels, type Topology } from '../core/pinglist/generate/topology.js';
import type { Logger } from '../core/plugin.js';
import { createApp } from './api/app.js';
import type { ApiContext } from './api/context.js';
import { ControllerMetrics } from './api/metrics.js';
import { API_TITLE } from './api/openapi.js';
import { allRoutes } from './api/routes.js';
import { type ControllerConfig, isOpen } from './config.js';
import { Registry } from './registry.js';
import type { RegistryStore } from './store/store.js';
import { createStore } from './store/stores.js';
import { readTopology } from './topology.js';

export interface ControllerEnvironment {
  readonly clock: Clock;
  readonly log: Logger;
  /** Of weft. */
  readonly version: string;
  /** For tests, which cannot wait for slow peers. */
  readonly limits?: Partial<ListenerLimits>;
}

/** Options that a running controller takes over; the others need a restart. */
const LIVE: readonly (keyof ControllerConfig)[] = ['tokens', 'policies', 'topology', 'heartbeat', 'refresh'];

/** For readers, probes of orchestrators and connections that are just being replaced. */
const SPARE_CONNECTIONS = 1000;
/** Agents come once a heartbeat and once a refresh, up to 10 % late: their connection is to be there still. */
const KEEP_ALIVE_FACTOR = 1.25;
const MIN_KEEP_ALIVE_MS = 75_000;

export class Controller {
  readonly #env: ControllerEnvironment;
  readonly #registry: Registry;
  readonly #metrics: ControllerMetrics;
  #config: ControllerConfig;
  #topology: Topology | undefined;
  #generator: PinglistGenerator;
  #access: Access;
  #listener: HttpListener | undefined;
  #starting: Promise<void> | undefined;

  /** Does no I/O. Rejects with ConfigError for options of the store that need or exclude each other. */
  static async create(config: ControllerConfig, env: ControllerEnvironment): Promise<Controller> {
    const { clock, log } = env;
    return new Controller(
      config,
      env,
      await createStore(config.store, { clock, log, forgetAfterMs: config.forget_after }),
    );
  }

  private constructor(config: ControllerConfig, env: ControllerEnvironment, store: RegistryStore) {
    const { clock, log, version } = env;
    this.#env = env;
    this.#config = config;
    this.#registry = new Registry({
      store,
      clock,
      log,
      staleAfterMs: config.stale_after,
      forgetAfterMs: config.forget_after,
      maxAgents: config.max_agents,
    });
    this.#generator = new PinglistGenerator([]);
    this.#access = new Access(NO_TOKENS, config.tls_client_ca !== undefined);
    const connections = (): number => this.#listener?.connections ?? 0;
    this.#metrics = new ControllerMetrics({ registry: this.#registry, connections, version });
  }

  /** Where the API is, without a trailing slash; undefined unless started. */
  get url(): string | undefined {
    return this.#listener?.url;
  }

  /** The description of its API, OpenAPI 3.1; the same for every configuration. */
  describe(): object {
    return openApiDocument(allRoutes(this.#context()), API_TITLE);
  }

  /**
   * Throws ConfigError for the topology file, StartupError for anything else, and when `signal` aborts; then nothing is
   * left open.
   */
  async start(signal: AbortSignal): Promise<void> {
    this.#starting = this.#open(signal);
    try {
      await this.#starting;
    } catch (error) {
      await this.#close();
      throw error;
    }
    this.#report();
  }

  /**
   * Takes over what can change while it runs, and reads the files of tokens, certificates and topology again. Throws as
   * `start` does, and then everything is as it was.
   */
  async reload(config: ControllerConfig): Promise<void> {
    const fixed = (Object.keys(config) as (keyof ControllerConfig)[]).filter((key) => !LIVE.includes(key));
    const changed = fixed.filter((key) => JSON.stringify(config[key]) !== JSON.stringify(this.#config[key]));
    await this.#listener?.reloadTls();
    const running = Object.fromEntries(fixed.map((key) => [key, this.#config[key]]));
    await this.#apply({ ...config, ...running } as ControllerConfig);
    if (changed.length > 0) {
      this.#env.log.warn({ options: changed }, 'these options of the controller change only with a restart');
    }
  }

  /** Answers what is under way, for a second at most, then closes the store. Legal without start, and twice. */
  async stop(): Promise<void> {
    await this.#starting?.catch(() => {});
    await this.#close();
  }

  async #open(signal: AbortSignal): Promise<void> {
    await this.#apply(this.#config);
    await this.#registry.open();
    this.#registry.subscribe({
      onChanged: (entry) => this.#generator.set(entry),
      onForgotten: (id) => this.#generator.delete(id),
    });
    const context = this.#context();
    const app = await createApp(allRoutes(context), context, this.#env.log);
    this.#listener = this.#createListener((request, response) => app.routing(request, response));
    await this.#listener.listen(signal);
  }

  async #close(): Promise<void> {
    await this.#listener?.close();
    this.#listener = undefined;
    await this.#registry.close();
  }

  /** All reading first: when it fails nothing has changed. */
  async #apply(config: ControllerConfig): Promise<void> {
    const tokens = await readTokens(config.tokens);
    const topology = config.topology === undefined ? undefined : await readTopology(config.topology);
    const generator = new PinglistGenerator(config.policies, topology);
    for (const entry of this.#registry.entries()) generator.set(entry);
    this.#access.setTokens(tokens);
    this.#topology = topology;
    this.#generator = generator;
    this.#config = config;
  }

  #context(): ApiContext {
    return {
      settings: () => this.#config,
      generator: () => this.#generator,
      labelsOf: ({ id, labels }) => effectiveLabels(this.#topology, id, labels),
      registry: this.#registry,
      access: this.#access,
      metrics: this.#metrics,
      clock: this.#env.clock,
    };
  }

  #createListener(onRequest: ConstructorParameters<typeof HttpListener>[0]['onRequest']): HttpListener {
    const { max_agents: maxAgents, heartbeat, refresh, listen } = this.#config;
    const maxConnections = maxAgents + SPARE_CONNECTIONS;
    const { clock, log, limits } = this.#env;
    return new HttpListener({
      address: parseListenAddress(listen),
      tls: tlsFiles(this.#config),
      limits: {
        maxConnections,
        // Nobody alone can keep all others out; many agents may come through one address translation.
        maxConnectionsPerAddress: Math.ceil(maxConnections / 2),
        headersTimeoutMs: 10_000,
        requestTimeoutMs: 15_000,
        stalledTimeoutMs: 30_000,
        keepAliveTimeoutMs: Math.max(MIN_KEEP_ALIVE_MS, KEEP_ALIVE_FACTOR * Math.max(heartbeat, refresh)),
        ...limits,
      },
      onRequest,
      onClientError: answerClientError,
      onRefused: () => this.#metrics.countRefusedConnection(),
      clock,
      log,
    });
  }

  #report(): void {
    const { log } = this.#env;
    const { policies, listen } = this.#config;
    log.info({ url: this.url, agents: this.#registry.size, policies: policies.length }, 'the controller serves');
    if (isOpen(this.#config)) log.warn({}, 'no tokens are set: everybody on this host may do everything');
    else if (tlsFiles(this.#config) === undefined && !isLoopback(parseListenAddress(listen)))
      log.warn({}, 'tokens travel in clear text: set tls_cert and tls_key');
  }
}

const NO_TOKENS: Tokens = { agent: [], reader: [], admin: [] };
