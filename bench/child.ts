/** A child process of a benchmark that speaks JSON lines on its standard output. It never outlives its bench. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';

export class JsonChild {
  readonly #process: ChildProcess;
  readonly #lines: AsyncIterator<string>;
  readonly #reader: Interface;

  /** `env` is added to ours. */
  constructor(command: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
    const child = spawn('setpriv', ['--pdeathsig', 'KILL', command, ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, ...env },
    });
    this.#process = child;
    this.#reader = createInterface({ input: child.stdout });
    this.#lines = this.#reader[Symbol.asyncIterator]();
  }

  get pid(): number {
    const { pid } = this.#process;
    if (pid === undefined) throw new Error('the child process did not start');
    return pid;
  }

  /** The next line it prints, parsed; throws when it ended without one. */
  async next<T>(): Promise<T> {
    const { done, value } = await this.#lines.next();
    if (done === true) throw new Error(`a benchmark process (${this.#process.spawnargs.join(' ')}) ended early`);
    return JSON.parse(value) as T;
  }

  /** Asks it to end and returns the last line it prints. */
  async finish<T>(): Promise<T> {
    this.#process.kill('SIGTERM');
    const last = await this.next<T>();
    await this.#exited();
    return last;
  }

  signal(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }

  /** Waits for its end after it has printed everything, or makes it end. */
  async dispose(): Promise<void> {
    this.#process.kill('SIGKILL');
    await this.#exited();
    this.#reader.close();
  }

  async #exited(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) await once(this.#process, 'exit');
  }
}
