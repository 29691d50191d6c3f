/**
 * All processes of a demo: the controller, and the agents, which start once it is up. Its policy is switched on when all
 * agents are up, too: eight processes that start at once on a small machine would look like loss.
 */

import { join } from 'node:path';
import { KEPT_WINDOWS, Mesh } from './mesh.js';
import {
  CONTROLLER_NAME,
  configFile,
  type DemoHost,
  type DemoSettings,
  planController,
  writeAgentConfig,
  writeControllerConfig,
} from './plan.js';
import { RegistryWatch } from './registry-watch.js';
import { SupervisedProcess } from './supervised-process.js';
import { type DemoView, viewAgent, viewController, viewTransport } from './view.js';

/** An agent that is not up by then has to be measured as what it is. */
const ALL_UP_TIMEOUT_MS = 15_000;

interface DemoAgent {
  readonly host: DemoHost;
  readonly process: SupervisedProcess;
}

export class DemoFleet {
  readonly #directory: string;
  readonly #settings: DemoSettings;
  readonly #controllerUrl: string;
  readonly #mesh: Mesh;
  readonly #registry: RegistryWatch;
  readonly #controller: SupervisedProcess;
  readonly #agents: readonly DemoAgent[];
  #startedAt = 0;
  #agentsStarted = false;
  /** The writing of the policy, once it began. */
  #probing: Promise<void> | undefined;
  #giveUpWaiting: NodeJS.Timeout | undefined;

  private constructor(directory: string, hosts: readonly DemoHost[], controllerUrl: string, settings: DemoSettings) {
    this.#directory = directory;
    this.#settings = settings;
    this.#controllerUrl = controllerUrl;
    this.#mesh = new Mesh(settings.windowMs);
    this.#registry = new RegistryWatch(controllerUrl, settings.windowMs);
    this.#controller = this.#supervise(CONTROLLER_NAME, ['controller', '--watch-config'], () => this.#startAgents());
    this.#agents = hosts.map((host) => ({
      host,
      process: this.#supervise(host.name, ['run'], (line) => this.#take(line)),
    }));
  }

  /** Writes the configurations of `hosts` and of their controller into `directory`. */
  static async create(directory: string, hosts: readonly DemoHost[], settings: DemoSettings): Promise<DemoFleet> {
    const controllerUrl = await planController();
    await writeControllerConfig(directory, controllerUrl, { ...settings, transports: [] });
    await Promise.all(hosts.map((host) => writeAgentConfig(directory, host, controllerUrl, settings)));
    return new DemoFleet(directory, hosts, controllerUrl, settings);
  }

  /** Why nothing runs and nothing will; undefined as long as something does. `lines`: of the log, at most. */
  failure(lines: number): string | undefined {
    if (this.#controller.state === 'failed' && !this.#agentsStarted) {
      return `the controller does not start; it says:\n${this.#controller.logTail(lines)}`;
    }
    if (!this.#agents.every(({ process }) => process.state === 'failed')) return undefined;
    return `no agent starts; the first one says:\n${this.#agents[0]?.process.logTail(lines)}`;
  }

  start(): void {
    this.#startedAt = performance.now();
    this.#controller.start();
    this.#registry.start();
  }

  async stop(): Promise<void> {
    this.#registry.stop();
    clearTimeout(this.#giveUpWaiting);
    await this.#probing;
    await Promise.all([this.#controller, ...this.#agents.map(({ process }) => process)].map((each) => each.stop()));
  }

  view(): DemoView {
    for (const { host, process } of this.#agents) if (process.state !== 'up') this.#mesh.forget(host.name);
    const names = this.#agents.map(({ host }) => host.name);
    return {
      elapsedMs: performance.now() - this.#startedAt,
      historyMs: this.#settings.windowMs * KEPT_WINDOWS,
      directory: this.#directory,
      controller: viewController(this.#controllerUrl, this.#controller, this.#registry),
      agents: this.#agents.map(({ host, process }) => viewAgent(host, process, this.#registry)),
      transports: this.#settings.transports.map((transport) => viewTransport(transport, this.#mesh, names)),
    };
  }

  #supervise(name: string, command: readonly string[], onMetric: (line: string) => void): SupervisedProcess {
    const files = { configFile: configFile(this.#directory, name), logFile: join(this.#directory, `${name}.log`) };
    return new SupervisedProcess({ command, ...files }, onMetric);
  }

  /** Only the first time: a controller that comes back finds them running. */
  #startAgents(): void {
    if (this.#agentsStarted) return;
    this.#agentsStarted = true;
    this.#giveUpWaiting = setTimeout(() => this.#probe(), ALL_UP_TIMEOUT_MS);
    for (const { process } of this.#agents) process.start();
  }

  #take(line: string): void {
    this.#mesh.add(line);
    if (this.#agents.every(({ process }) => process.state === 'up')) this.#probe();
  }

  /** Switches the policy on: the controller watches its configuration. */
  #probe(): void {
    this.#probing ??= writeControllerConfig(this.#directory, this.#controllerUrl, this.#settings);
  }
}
