/** A real agent in a guest, read through its log and its file output; with a controller in the same process if wanted. */

import { type ProbeRow, total } from '../support/probe-rows.js';
import type { Guest, StartOptions } from './guest.js';
import type { GuestProcess } from './guest-process.js';

export const AGENT_TOKEN = 'token-of-the-agents';
export const READER_TOKEN = 'token-of-the-readers';
export const CONTROLLER_PORT = 20118;
export const METRICS_PORT = 9273;
const NS_PER_MS = 1_000_000;

export interface LabAgentPlan {
  /** Where the controller is. */
  readonly controllerOn: Guest;
  /** Options of a controller that this agent's process is, too. */
  readonly controller?: object;
  /** Of inputs.rdma-ud. */
  readonly rdma?: object;
  /** Other inputs. */
  readonly inputs?: object;
  readonly labels?: Readonly<Record<string, string>>;
  /** Default 1 s. */
  readonly windowMs?: number;
  /** For bash, before the command: limits, another user. */
  readonly prefix?: string;
  readonly env?: StartOptions['env'];
}

/** What the agent says of itself. */
export interface OwnRow {
  readonly name: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Record<string, number | string>>;
  readonly time: string;
}

export interface LogLine {
  readonly level: string;
  readonly msg: string;
  readonly [key: string]: unknown;
}

export class LabAgent {
  readonly guest: Guest;
  readonly process: GuestProcess;
  readonly #rows: ProbeRow[] = [];
  readonly #ownRows: OwnRow[] = [];
  readonly #windowMs: number;
  #read = 0;

  private constructor(guest: Guest, process: GuestProcess, windowMs: number) {
    this.guest = guest;
    this.process = process;
    this.#windowMs = windowMs;
  }

  /**
   * Resolves when the process has started, and the controller in it serves; the agent is not ready yet. A guest takes many
   * seconds to start it: several are started at once, and who finds no controller yet asks again, at first within a second.
   * Started again, it is the same agent.
   */
  static async start(guest: Guest, plan: LabAgentPlan): Promise<LabAgent> {
    const {
      controllerOn,
      controller,
      rdma = {},
      inputs = {},
      labels = {},
      windowMs = 1000,
      prefix = '',
      env = {},
    } = plan;
    const url = `http://${controllerOn.address}:${CONTROLLER_PORT}`;
    const tokens = { agent: [AGENT_TOKEN], reader: [READER_TOKEN] };
    const config = {
      agent: {
        hostname: guest.name,
        labels,
        window: `${windowMs}ms`,
        interval: '1s',
        flush_interval: '100ms',
        log_format: 'json',
      },
      ...(controller !== undefined && { controller: { listen: `0.0.0.0:${CONTROLLER_PORT}`, tokens, ...controller } }),
      inputs: {
        controller: [{ url, token: AGENT_TOKEN, state_file: '/run/weft.state', start_spread: '0s' }],
        'rdma-ud': [rdma],
        ...inputs,
      },
      outputs: {
        file: [{ path: 'stdout', namepass: ['probe', 'weft_engine', 'weft_rdma', 'weft_controller'] }],
        prometheus: [{ listen: `0.0.0.0:${METRICS_PORT}` }],
      },
    };
    await guest.write('/run/weft.yaml', JSON.stringify(config));
    const command = `exec ${prefix} bin/weft ${controller === undefined ? 'run' : 'controller'} -c /run/weft.yaml`;
    const agent = new LabAgent(guest, guest.start(command, { env }), windowMs);
    if (controller !== undefined) await agent.logged('it serves', ({ msg }) => msg === 'the controller serves');
    return agent;
  }

  /** The reflector's queue pair, once it answers. */
  async qpn(): Promise<number> {
    const opened = await this.logged('RDMA port opened', ({ msg }) => msg === 'RDMA port opened');
    return opened.qpn as number;
  }

  get log(): LogLine[] {
    const lines = this.process.stderr.split('\n').slice(0, -1);
    return lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
  }

  /** The first line that `matches`, from line `from` of the log on. */
  logged(what: string, matches: (line: LogLine) => boolean, from = 0): Promise<LogLine> {
    return this.process.until(what, () => this.log.slice(from).find(matches));
  }

  /** One for each target and window, in the order of the windows. */
  get rows(): readonly ProbeRow[] {
    this.#parse();
    return this.#rows;
  }

  get ownRows(): readonly OwnRow[] {
    this.#parse();
    return this.#ownRows;
  }

  /** Resolves once `condition` gives something; checked whenever the agent wrote. */
  until<T>(what: string, condition: (agent: this) => T | undefined | false): Promise<T> {
    return this.process.until(what, () => condition(this));
  }

  /** Resolves when a window has a success of each of these hosts, from now on. */
  async measures(...hosts: readonly string[]): Promise<void> {
    const known = this.rows.length;
    await this.until(`it measured ${hosts}`, ({ rows }) =>
      hosts.every((host) => total(toHost(rows.slice(known), host), 'success') > 0),
    );
  }

  /**
   * Rows of probes to this host in the `nth` whole window after now, or, should there be none, in the first one after it
   * that has any.
   */
  async rowsOfWindow(nth: number, host: string): Promise<{ rows: readonly ProbeRow[]; isLater: boolean }> {
    const endMs = (Math.ceil((await this.now()) / this.#windowMs) + nth) * this.#windowMs;
    const first = await this.until(`a window of ${host} that ends at ${new Date(endMs).toISOString()}`, ({ rows }) =>
      toHost(rows, host).find(({ time }) => Date.parse(time) >= endMs),
    );
    const rows = toHost(this.rows, host).filter(({ time }) => time === first.time);
    return { rows, isLater: Date.parse(first.time) > endMs };
  }

  /** Something that it said of itself from row `from` of them on. */
  told(what: string, matches: (row: OwnRow) => boolean, from = 0): Promise<OwnRow> {
    return this.until(what, ({ ownRows }) => ownRows.slice(from).find(matches));
  }

  /** The guest's wall clock, UTC ms, by which the windows go. */
  async now(): Promise<number> {
    return Number(await this.guest.exec('date +%s%N')) / NS_PER_MS;
  }

  /** `count` whole windows that begin after now, as one list. */
  async windows(count: number): Promise<ProbeRow[]> {
    const nowMs = await this.now();
    // The last may still lack rows until a later one is there.
    await this.until(`${count} windows more`, (agent) => agent.#endsAfter(nowMs).length > count + 1);
    const wanted = this.#endsAfter(nowMs).slice(1, count + 1);
    return this.rows.filter(({ time }) => wanted.includes(time));
  }

  /** Rows of all windows that end after `sinceMs` (UTC), once all that began before now are closed. */
  async settledSince(sinceMs: number): Promise<ProbeRow[]> {
    await this.windows(1);
    return this.rows.filter(({ time }) => Date.parse(time) > sinceMs);
  }

  /** Ends of windows, in order. */
  #endsAfter(ms: number): string[] {
    return [...new Set(this.rows.map(({ time }) => time))].filter((time) => Date.parse(time) > ms).sort();
  }

  #parse(): void {
    const { stdout } = this.process;
    for (let end = stdout.indexOf('\n', this.#read); end >= 0; end = stdout.indexOf('\n', this.#read)) {
      const row = JSON.parse(stdout.slice(this.#read, end)) as ProbeRow | OwnRow;
      if (row.name === 'probe') this.#rows.push(row as ProbeRow);
      else this.#ownRows.push(row as OwnRow);
      this.#read = end + 1;
    }
  }
}

export function toHost(rows: readonly ProbeRow[], host: string): ProbeRow[] {
  return rows.filter(({ tags }) => tags.dst === host);
}
