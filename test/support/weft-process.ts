/** The `weft` program as a real child process. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const WEFT = fileURLToPath(new URL('../../bin/weft.js', import.meta.url));

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export class WeftProcess {
  readonly child: ChildProcess;
  readonly exit: Promise<Exit>;
  stdout = '';
  stderr = '';
  #exited = false;
  readonly #watchers = new Set<() => void>();

  constructor(args: readonly string[], env: NodeJS.ProcessEnv = {}) {
    this.child = spawn(process.execPath, [WEFT, ...args], { env: { ...process.env, NO_COLOR: '1', ...env } });
    this.child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      this.#changed();
    });
    this.child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      this.#changed();
    });
    this.exit = once(this.child, 'close').then(([code, signal]) => {
      this.#exited = true;
      this.#changed();
      return { code, signal, stdout: this.stdout, stderr: this.stderr };
    });
  }

  /** Resolves once `condition` gives something; checked whenever the process printed. Rejects when it ends before. */
  until<T>(what: string, condition: (process: this) => T | undefined | false): Promise<T> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const value = condition(this);
        if (value !== undefined && value !== false) resolve(value);
        else if (this.#exited) reject(new Error(`weft ended before ${what}\n${this.stdout}\n${this.stderr}`));
        else return;
        this.#watchers.delete(check);
      };
      this.#watchers.add(check);
      check();
    });
  }

  kill(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Ends the process whatever state it is in; for `after` hooks. */
  async destroy(): Promise<void> {
    if (!this.#exited) this.child.kill('SIGKILL');
    await this.exit;
  }

  #changed(): void {
    for (const watcher of [...this.#watchers]) watcher();
  }
}

/** Runs a command that ends by itself. */
export function weft(...args: readonly string[]): Promise<Exit> {
  return new WeftProcess(args).exit;
}
