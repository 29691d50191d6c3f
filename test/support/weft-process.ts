/** The `weft` program as a real child process. */

import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { type Mortal, waitFor, withLimit } from './wait-for.js';

export const WEFT = fileURLToPath(new URL('../../bin/weft.js', import.meta.url));

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class WeftProcess implements Mortal {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';
  readonly #name: string;
  readonly #closed: Promise<Exit>;
  #exit: Exit | undefined;
  readonly #watchers = new Set<() => void>();

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.#name = ['weft', ...args].join(' ');
    this.child = spawn(process.execPath, [WEFT, ...args], { env: { ...process.env, NO_COLOR: '1', ...env } });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      this.#changed();
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      this.#changed();
    });
    this.#closed = new Promise((resolve, reject) => {
      this.child.once('error', reject);
      this.child.once('close', (code, signal) => {
        this.#exit = { code, signal, stdout: this.stdout, stderr: this.stderr };
        this.#changed();
        resolve(this.#exit);
      });
    });
  }

  /** To be asked for when it is about to end: from then on it has as long as any wait. */
  get exit(): Promise<Exit> {
    return withLimit(`the end of ${this.#name}`, this.#closed, { seen: () => this.#said });
  }

  get end(): string | undefined {
    if (this.#exit === undefined) return undefined;
    return `${this.#name} ended with ${this.#exit.code ?? this.#exit.signal}\n${this.#said}`;
  }

  /** Resolves once `condition` gives something; checked whenever the process printed. Rejects when it ends before. */
  until<T>(what: string, condition: (process: this) => T | undefined | false) {
    return waitFor(what, () => condition(this), {
      needs: [this],
      turn: () => new Promise<void>((resolve) => this.#watchers.add(resolve)),
      seen: () => this.#said,
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Ends the process whatever state it is in; for `after` hooks. */
  async destroy(): Promise<void> {
    if (this.#exit === undefined) this.child.kill('SIGKILL');
    await this.exit;
  }

  get #said(): string {
    return `${this.stdout}\n${this.stderr}`;
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
    this.#watchers.clear();
  }
}

/** Runs a command that ends by itself. */
export function weft(...args: readonly string[]): Promise<Exit> {
  return new WeftProcess(args).exit;
}
