/** A host of the lab, as the tests see it: what runs there, its files, its ports. */

import { dirname } from 'node:path';
import { repositoryRoot } from '../core/config/repository.js';
import { type GuestExit, GuestProcess } from './guest-process.js';
import { Machine, type MachineOptions } from './machine.js';

const AGENT_PORT = 7000;
/** QEMU's name of the network that the commands take. */
const CONTROL = 'control';
const RUN_LIMIT_MS = 60_000;

export interface StartOptions {
  /** Its standard input. */
  readonly input?: string;
  /** Added to the environment, which is that of a fresh login of root with this Node first on the path. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface RunOptions extends StartOptions {
  /** It is killed then, and the promise rejected. Default 60 s. */
  readonly timeoutMs?: number;
}

export class Guest {
  /** 1, 2, … */
  readonly node: number;
  readonly name: string;
  /** On the wire, where `device` is the interface and `rdmaDevice` its soft-RoCE device, both there from the start. */
  readonly address: string;
  readonly device = 'eth0';
  readonly rdmaDevice = 'rxe0';
  readonly #machine: Machine;
  readonly #agentPort: number;
  readonly #forwards = new Map<number, Promise<number>>();
  readonly #processes = new Set<GuestProcess>();

  private constructor(node: number, machine: Machine, agentPort: number) {
    this.node = node;
    this.name = `host${node}`;
    this.address = `10.0.0.${node}`;
    this.#machine = machine;
    this.#agentPort = agentPort;
  }

  /** Starts a machine; `whileStarting` gets it at once, so that it can be killed. Rejects with the console's log. */
  static async boot(options: MachineOptions, whileStarting: (machine: Machine) => void): Promise<Guest> {
    const machine = new Machine(options);
    whileStarting(machine);
    await machine.ready();
    return new Guest(options.node, machine, await machine.qmp.forward(CONTROL, AGENT_PORT));
  }

  /** Of its QEMU, on this machine. */
  get pid(): number {
    return this.#machine.pid;
  }

  /** What its console has said so far: the kernel's messages, the commands' are not there. */
  get console(): string {
    return this.#machine.console;
  }

  /** Starts a command (bash) in the folder of the project; it ends with the test at the latest. */
  start(command: string, { input = '', env = {} }: StartOptions = {}): GuestProcess {
    const path = `${dirname(process.execPath)}:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin`;
    const environment = { PATH: path, HOME: '/root', LANG: 'C.UTF-8', NO_COLOR: '1', ...env };
    const child = new GuestProcess(
      this.#agentPort,
      { command, input, cwd: repositoryRoot(), env: environment },
      () => this.console,
    );
    this.#processes.add(child);
    const forget = (): boolean => this.#processes.delete(child);
    void child.exit.then(forget, forget);
    return child;
  }

  /** Runs a command (bash) in the folder of the project to its end, whatever its exit code. */
  async run(command: string, options: RunOptions = {}): Promise<GuestExit> {
    const child = this.start(command, options);
    const limitMs = options.timeoutMs ?? RUN_LIMIT_MS;
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      void child.destroy();
    }, limitMs);
    try {
      return await child.exit;
    } catch (error) {
      if (!late) throw error;
      throw new Error(`${this.name}: not done in ${limitMs} ms: ${command}\n${child.stdout}\n${child.stderr}`);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Runs a command that has to succeed; returns what it printed. */
  async exec(command: string, options: RunOptions = {}): Promise<string> {
    const { code, signal, stdout, stderr } = await this.run(command, options);
    if (code === 0) return stdout;
    throw new Error(`${this.name}: ${command}: exit ${code ?? signal}\n${stdout}${stderr}`);
  }

  /** Writes a file; its folder is made. It is seen in this guest alone. */
  async write(path: string, text: string): Promise<void> {
    const quoted = `'${path.replaceAll("'", `'\\''`)}'`;
    await this.exec(`mkdir -p "$(dirname ${quoted})" && cat >${quoted}`, { input: text });
  }

  /** A port of 127.0.0.1 on this machine that leads to `port` in the guest, of a service on all its addresses. */
  forward(port: number): Promise<number> {
    const known = this.#forwards.get(port) ?? this.#machine.qmp.forward(CONTROL, port);
    this.#forwards.set(port, known);
    return known;
  }

  /** An HTTP request from this machine to `port` in the guest. */
  async fetch(port: number, path: string, init: RequestInit = {}): Promise<Response> {
    return await fetch(`http://127.0.0.1:${await this.forward(port)}${path}`, init);
  }

  /** What `start` has started and still runs. */
  get processes(): ReadonlySet<GuestProcess> {
    return new Set(this.#processes);
  }

  /** Kills what runs, but for `kept`. */
  async endProcesses(kept: ReadonlySet<GuestProcess> = new Set()): Promise<void> {
    const ending = [...this.#processes].filter((child) => !kept.has(child));
    await Promise.all(ending.map((child) => child.destroy()));
  }
}
