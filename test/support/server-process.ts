/** The process of a real server that a test starts, kills, halts and starts again. */

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export class ServerProcess {
  #child: ChildProcess | undefined;

  /** From now on this is the process. */
  protected run(child: ChildProcess): void {
    this.#child = child;
  }

  /** Legal when it has ended. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  }

  /** It keeps its connections and answers nobody. */
  stall(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }
}
