/** All agents of a demo. They get their targets once all of them answer, so that the start does not look like loss. */

import { join } from 'node:path';
import { AgentProcess } from './agent-process.js';
import { KEPT_WINDOWS, Mesh } from './mesh.js';
import { type DemoHost, type DemoSettings, writeConfig, writePinglist } from './plan.js';
import { type DemoView, viewAgent, viewTransport } from './view.js';

/** An agent that is not up by then has to be measured as what it is. */
const ALL_UP_TIMEOUT_MS = 15_000;

export class DemoFleet {
  readonly #directory: string;
  readonly #settings: DemoSettings;
  readonly #mesh: Mesh;
  readonly #agents: readonly AgentProcess[];
  #startedAt = 0;
  /** The writing of the pinglists, once it began. */
  #probing: Promise<unknown> | undefined;
  #giveUpWaiting: NodeJS.Timeout | undefined;

  private constructor(directory: string, hosts: readonly DemoHost[], settings: DemoSettings) {
    this.#directory = directory;
    this.#settings = settings;
    this.#mesh = new Mesh(settings.windowMs);
    this.#agents = hosts.map((host) => {
      const file = (extension: string): string => join(directory, `${host.name}.${extension}`);
      return new AgentProcess(host, file('yaml'), file('log'), (line) => this.#take(line));
    });
  }

  /** Writes the configurations of `hosts` into `directory`. */
  static async create(directory: string, hosts: readonly DemoHost[], settings: DemoSettings): Promise<DemoFleet> {
    await Promise.all(hosts.map((host) => writeConfig(directory, host, settings)));
    return new DemoFleet(directory, hosts, settings);
  }

  /** Nothing runs and nothing will. */
  get failed(): boolean {
    return this.#agents.every((agent) => agent.state === 'failed');
  }

  start(): void {
    this.#startedAt = performance.now();
    this.#giveUpWaiting = setTimeout(() => this.#probe(), ALL_UP_TIMEOUT_MS);
    for (const agent of this.#agents) agent.start();
  }

  async stop(): Promise<void> {
    clearTimeout(this.#giveUpWaiting);
    await Promise.all([this.#probing, ...this.#agents.map((agent) => agent.stop())]);
  }

  view(): DemoView {
    for (const agent of this.#agents) if (agent.state !== 'up') this.#mesh.forget(agent.host.name);
    const names = this.#agents.map((agent) => agent.host.name);
    return {
      elapsedMs: performance.now() - this.#startedAt,
      historyMs: this.#settings.windowMs * KEPT_WINDOWS,
      directory: this.#directory,
      agents: this.#agents.map(viewAgent),
      transports: this.#settings.transports.map((transport) => viewTransport(transport, this.#mesh, names)),
    };
  }

  /** The last lines of the first agent's log. */
  logTail(lines: number): string {
    return this.#agents[0]?.logTail(lines) ?? '';
  }

  #take(line: string): void {
    this.#mesh.add(line);
    if (this.#probing === undefined && this.#agents.every((agent) => agent.state === 'up')) this.#probe();
  }

  #probe(): void {
    const hosts = this.#agents.map((agent) => agent.host);
    this.#probing ??= Promise.all(hosts.map((host) => writePinglist(this.#directory, host, hosts, this.#settings)));
  }
}
