/**
 * Joins this agent to a fleet: registers it with the controller, fetches its pinglist and hangs that on the board. The
 * agent always asks, the controller never does. Measures nothing by itself; the probing inputs do.
 */

import { warnOfClearText } from '../../../core/clear-text.js';
import { describeError, StartupError } from '../../../core/errors.js';
import type { Accumulator, Input, PluginContext } from '../../../core/plugin.js';
import { type Pinglist, TRANSPORTS } from '../../../core/target.js';
import { PeerClient } from '../../common/peer/client.js';
import type { PeerError } from '../../common/peer/failure.js';
import { sendsTokenInClear } from '../../common/peer/settings.js';
import type { ControllerConfig } from './config.js';
import type { Link } from './link.js';
import { ListFollower } from './list-follower.js';
import { Registrar } from './registrar.js';
import { type ControllerSettings, controllerSettings } from './settings.js';
import { type AgentState, newKey, StateFile } from './state-file.js';
import { type Act, Tally } from './tally.js';

/** Holds the board from the start, so that a second provider of pinglists is found at once. */
const NO_LIST: Pinglist = { revision: '', targets: [] };

/**
 * An agent that was restarted has other queue pairs, and others take its silence for loss until they know: it does not
 * wait for the whole of `start_spread`.
 */
const RESTART_SPREAD_MS = 2000;

/** From start to stop. */
interface Session {
  readonly client: PeerClient<Act>;
  readonly registrar: Registrar;
  readonly follower: ListFollower;
  readonly unsubscribe: () => void;
}

export class ControllerInput implements Input {
  readonly #config: ControllerConfig;
  readonly #settings: ControllerSettings;
  readonly #context: PluginContext;
  readonly #random: () => number;
  readonly #state: StateFile;
  readonly #tally = new Tally();
  #session: Session | undefined;

  /** Throws ConfigError. */
  constructor(config: ControllerConfig, context: PluginContext, random: () => number = Math.random) {
    this.#config = config;
    this.#settings = controllerSettings(config, context.agent);
    this.#context = context;
    this.#random = random;
    this.#state = new StateFile(config.state_file, context.agent.hostname, context.log);
  }

  async start(acc: Accumulator, signal: AbortSignal): Promise<void> {
    const onFailure = (act: Act, error: PeerError): void => {
      this.#tally.fail(act, error.reason);
      acc.addError(error);
    };
    const client = new PeerClient({
      settings: this.#settings,
      clock: this.#context.clock,
      timeoutMs: this.#config.timeout,
      onFailure,
    });
    try {
      await this.#checkCredentials(client);
      const known = await this.#state.load();
      const state = known ?? (await this.#newState());
      signal.throwIfAborted();
      this.#takeBoard(state.list?.pinglist ?? NO_LIST);
      this.#session = this.#open(client, state, known !== undefined, onFailure);
    } catch (error) {
      client.close();
      throw error;
    }
  }

  async gather(acc: Accumulator): Promise<void> {
    if (this.#session === undefined) return;
    const { client, registrar, follower } = this.#session;
    const { targets, scale } = this.#context.board.status();
    const standing = {
      url: client.url.href,
      isRegistered: registrar.isRegistered,
      isLost: follower.isLost,
      targets: TRANSPORTS.reduce((sum, transport) => sum + targets[transport], 0),
      scale,
      listAgeS: follower.ageMs === undefined ? undefined : follower.ageMs / 1000,
    };
    for (const metric of this.#tally.metrics(standing, this.#context.clock.nowNs())) acc.add(metric);
  }

  async stop(): Promise<void> {
    const session = this.#session;
    this.#session = undefined;
    session?.unsubscribe();
    session?.registrar.stop();
    session?.follower.stop();
    session?.client.close();
    this.#context.board.retract(this.#context.name);
    await this.#state.idle();
  }

  async #checkCredentials(client: PeerClient<Act>): Promise<void> {
    try {
      await client.check();
    } catch (cause) {
      throw new StartupError('cannot use the credentials for the controller', { retryable: true, cause });
    }
    if (sendsTokenInClear(this.#settings))
      warnOfClearText(this.#context.log, 'the token goes to the controller', 'https');
  }

  /** The key is on disk before the controller learns it: a crash in between must not lock this agent out. */
  async #newState(): Promise<AgentState> {
    const fresh: AgentState = { key: newKey(), list: undefined };
    await this.#state.save(fresh);
    return fresh;
  }

  #takeBoard(pinglist: Pinglist): void {
    try {
      this.#context.board.publish(this.#context.name, pinglist);
    } catch (cause) {
      throw new StartupError(`no pinglist from a controller: ${describeError(cause)}`, { retryable: true, cause });
    }
  }

  #open(client: PeerClient<Act>, { key, list }: AgentState, isRestart: boolean, onFailure: Link['onFailure']): Session {
    const context = this.#context;
    const link: Link = {
      client,
      context,
      clock: context.clock,
      random: this.#random,
      tally: this.#tally,
      key,
      onFailure,
    };
    const registrar = new Registrar({
      link,
      advertised: this.#settings.advertised,
      // Lists are for those who are registered; but when only the registry is down, a list may be had all the same.
      onAttempted: () => follower.start(),
    });
    const follower: ListFollower = new ListFollower({
      link,
      onLoss: this.#config.on_loss,
      list,
      refreshMs: () => registrar.refreshMs,
      onNotRegistered: () => registrar.forgotten(),
      onList: (fetched) => void this.#state.save({ key, list: fetched }),
    });
    registrar.start(this.#random() * this.#config.start_spread);
    const unsubscribeEndpoints = context.board.subscribeEndpoints((announced) => {
      registrar.setEndpoints(announced);
      const isReplaced = isRestart && announced.endpoints.some(({ transport }) => transport === 'rdma-ud');
      if (isReplaced) registrar.hasten(this.#random() * RESTART_SPREAD_MS);
    });
    const unsubscribeRefreshes = context.board.subscribeRefreshes((reason) => follower.refresh(reason));
    const unsubscribe = (): void => {
      unsubscribeEndpoints();
      unsubscribeRefreshes();
    };
    return { client, registrar, follower, unsubscribe };
  }
}
