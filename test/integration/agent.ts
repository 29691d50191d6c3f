/** Real agents (`weft run`), in a namespace or here, read through their file output. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Host } from '../support/netns.js';
import type { ProbeRow } from '../support/probe-rows.js';
import { type Mortal, waitFor, withLimit } from '../support/wait-for.js';
import { WEFT } from '../support/weft-process.js';

/** What inputs.controller says of itself. */
export interface ControllerRow {
  readonly name: 'weft_controller' | 'weft_controller_failures';
  readonly tags: Readonly<Record<string, string>>;
  readonly fields: Readonly<Partial<Record<'registered' | 'lost' | 'targets' | 'failures', number>>>;
}

export interface AgentPlan {
  readonly hostname: string;
  readonly targets?: readonly object[];
  /** Options of inputs.controller, in place of `targets`. */
  readonly controller?: object;
  /** Options of inputs.udp or inputs.tcp. */
  readonly udp?: object;
  readonly tcp?: object;
}

export class TestAgent implements Mortal {
  readonly rows: ProbeRow[] = [];
  readonly controllerRows: ControllerRow[] = [];
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #exited: Promise<unknown>;
  readonly #watchers = new Set<() => void>();
  #log = '';

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    this.#exited = once(child, 'close').finally(() => this.#changed());
    if (child.stdout === null || child.stderr === null) throw new Error('the agent has no output');
    child.stderr.on('data', (chunk: Buffer) => {
      this.#log += chunk.toString();
      this.#changed();
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      const row = JSON.parse(line) as ProbeRow | ControllerRow;
      if (isProbeRow(row)) this.rows.push(row);
      else this.controllerRows.push(row);
      this.#changed();
    });
  }

  /** Starts an agent with windows of a second; resolves when its reflectors answer. */
  static async start(plan: AgentPlan, host?: Host): Promise<TestAgent> {
    const folder = await mkdtemp(join(tmpdir(), 'weft-agent-'));
    const pinglist = join(folder, 'pinglist.json');
    await writeFile(pinglist, JSON.stringify({ version: 1, targets: plan.targets ?? [] }));
    const config = {
      agent: { hostname: plan.hostname, window: '1s', interval: '1s', flush_interval: '100ms' },
      inputs: {
        ...(plan.controller === undefined ? { pinglist: [{ file: pinglist }] } : { controller: [plan.controller] }),
        ...(plan.udp === undefined ? {} : { udp: [plan.udp] }),
        ...(plan.tcp === undefined ? {} : { tcp: [plan.tcp] }),
      },
      outputs: { file: [{ path: 'stdout', format: 'json', namepass: ['probe', 'weft_controller*'] }] },
    };
    await writeFile(join(folder, 'weft.yaml'), JSON.stringify(config));
    const args = [WEFT, 'run', '-c', join(folder, 'weft.yaml')];
    const child = host === undefined ? spawn(process.execPath, args) : host.spawn(process.execPath, args);
    const agent = new TestAgent(child, folder);
    const inputs = [plan.udp, plan.tcp].filter((options) => options !== undefined).length;
    await agent.#until('its reflectors', () => agent.#log.split('answering probes').length > inputs);
    return agent;
  }

  /** How it last stood with the controller. */
  get standing(): ControllerRow['fields'] | undefined {
    return this.controllerRows.findLast((row) => row.name === 'weft_controller')?.fields;
  }

  /** Resolves with the rows so far as soon as `enough` holds for them; rejects when the agent ends before. */
  async until(enough: (rows: readonly ProbeRow[]) => boolean): Promise<readonly ProbeRow[]> {
    await this.#until(`rows: ${enough}`, () => enough(this.rows));
    return this.rows;
  }

  /** Waits for `windows` further windows in which it measured something, the one under way left out; returns them. */
  async windows(windows: number): Promise<ProbeRow[][]> {
    const running = this.#times().at(-1) ?? '';
    // The window that ends after `running` has begun before this call, the last may still lack rows.
    await this.until(() => this.#times().filter((time) => time > running).length >= windows + 2);
    const wanted = this.#times()
      .filter((time) => time > running)
      .slice(1, windows + 1);
    return wanted.map((time) => this.rows.filter((row) => row.time === time));
  }

  /** Ends it gracefully; everything it still held is in `rows` then. */
  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await withLimit('the end of the agent', this.#exited, { seen: () => this.#log });
    await rm(this.#folder, { recursive: true, force: true });
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await withLimit('the end of the agent', this.#exited);
  }

  get end(): string | undefined {
    const how = this.#child.exitCode ?? this.#child.signalCode;
    return how === null ? undefined : `the agent ended with ${how}:\n${this.#log}`;
  }

  async #until(what: string, condition: () => boolean): Promise<void> {
    await waitFor(what, condition, {
      needs: [this],
      turn: () => new Promise<void>((resolve) => this.#watchers.add(resolve)),
      seen: () => ({ rows: this.rows.slice(-20), controller: this.controllerRows.at(-1), log: this.#log }),
    });
  }

  #times(): string[] {
    return [...new Set(this.rows.map((row) => row.time))].sort();
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
    this.#watchers.clear();
  }
}

function isProbeRow(row: ProbeRow | ControllerRow): row is ProbeRow {
  return row.name === 'probe';
}
