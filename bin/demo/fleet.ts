/**
 * All processes of a demo: the grid and the controller, and the agents, which start once the controller is up. Its policy
 * is switched on when all of them are up, too: ten processes that start at once on a small machine would look like loss.
 */

import { join } from 'node:path';
import { KEPT_WINDOWS, Mesh } from './mesh.js';
import {
  CONTROLLER_NAME,
  configFile,
  type DemoCentre,
  type DemoHost,
  type DemoSettings,
  GRID_NAME,
  planCentre,
  writeAgentConfig,
  writeControllerConfig,
  writeGridConfig,
} from './plan.js';
import { RegistryWatch } from './registry-watch.js';
import { SupervisedProcess } from './supervised-process.js';
import { type DemoView, viewAgent, viewController, viewGrid, viewTransport } from './view.js';

/** An agent that is not up by then has to be measured as what it is. Ten processes take half of it on a busy machine. */
const ALL_UP_TIMEOUT_MS = 60_000;

interface DemoAgent {
  readonly host: DemoHost;
  readonly process: SupervisedProcess;
}

export class DemoFleet {
  readonly #directory: string;
  readonly #settings: DemoSettings;
  readonly #centre: DemoCentre;
  readonly #mesh: Mesh;
  readonly #registry: RegistryWatch;
  readonly #controller: SupervisedProcess;
  readonly #grid: SupervisedProcess;
  readonly #agents: readonly DemoAgent[];
  #startedAt = 0;
  #agentsStarted = false;
  /** The writing of the policy, once it began. */
  #probing: Promise<void> | undefined;
  #giveUpWaiting: NodeJS.Timeout | undefined;

  private constructor(directory: string, hosts: readonly DemoHost[], centre: DemoCentre, settings: DemoSettings) {
    this.#directory = directory;
    this.#settings = settings;
    this.#centre = centre;
    this.#mesh = new Mesh(settings.windowMs);
    this.#registry = new RegistryWatch(centre.controllerUrl, settings.windowMs);
    this.#controller = this.#supervise(CONTROLLER_NAME, ['controller', '--watch-config'], () => this.#startAgents());
    this.#grid = this.#supervise(GRID_NAME, ['run'], () => this.#probeOnceAllUp());
    this.#agents = hosts.map((host) => ({
      host,
      process: this.#supervise(host.name, ['run'], (line) => this.#take(line)),
    }));
  }

  /** Writes the configurations of `hosts`, their controller and their grid into `directory`. */
  static async create(directory: string, hosts: readonly DemoHost[], settings: DemoSettings): Promise<DemoFleet> {
    const centre = await planCentre();
    await writeControllerConfig(directory, centre.controllerUrl, { ...settings, transports: [] });
    await writeGridConfig(directory, centre, settings);
    await Promise.all(hosts.map((host) => writeAgentConfig(directory, host, centre, settings)));
    return new DemoFleet(directory, hosts, centre, settings);
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
    this.#grid.start();
    this.#controller.start();
    this.#registry.start();
  }

  async stop(): Promise<void> {
    this.#registry.stop();
    clearTimeout(this.#giveUpWaiting);
    await this.#probing;
    const agents = this.#agents.map(({ process }) => process);
    await Promise.all([this.#controller, this.#grid, ...agents].map((each) => each.stop()));
  }

  view(): DemoView {
    for (const { host, process } of this.#agents) if (process.state !== 'up') this.#mesh.forget(host.name);
    const names = this.#agents.map(({ host }) => host.name);
    return {
      elapsedMs: performance.now() - this.#startedAt,
      historyMs: this.#settings.windowMs * KEPT_WINDOWS,
      directory: this.#directory,
      fault: this.#settings.fault,
      grid: viewGrid(this.#centre.gridUrl, this.#grid),
      controller: viewController(this.#centre.controllerUrl, this.#controller, this.#registry),
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
    this.#probeOnceAllUp();
  }

  #probeOnceAllUp(): void {
    const agents = this.#agents.map(({ process }) => process);
    // For one that does not start at all there is no use in waiting.
    if ([this.#grid, ...agents].every(({ state }) => state === 'up' || state === 'failed')) this.#probe();
  }

  /** Switches the policy on: the controller watches its configuration. */
  #probe(): void {
    this.#probing ??= writeControllerConfig(this.#directory, this.#centre.controllerUrl, this.#settings);
  }
}
