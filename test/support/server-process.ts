/** The process of a real server that a test starts, kills, halts and starts again. */

import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { type Mortal, withLimit } from './wait-for.js';

export class ServerProcess implements Mortal {
  #child: ChildProcess | undefined;

  /** From now on this is the process. */
  protected run(child: ChildProcess): void {
    this.#child = child;
  }

  get end(): string | undefined {
    const { exitCode, signalCode, spawnfile } = this.#child ?? {};
    const how = exitCode ?? signalCode;
    return how === null || how === undefined ? undefined : `${spawnfile} ended with ${how}`;
  }

  /** Legal when it has ended, or was never started. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === undefined || this.end !== undefined) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await withLimit(`the end of ${child.spawnfile}`, exited);
  }

  /** It keeps its connections and answers nobody. */
  stall(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }
}

/** What `wanted` finds in the next line of a server's log that has it; the rest of the log is read and dropped. */
export async function logged(
  { spawnfile }: ChildProcess,
  log: Readable | null,
  wanted: RegExp,
): Promise<RegExpExecArray> {
  if (log === null) throw new Error(`${spawnfile} has no log`);
  const seen: string[] = [];
  const find = async (): Promise<RegExpExecArray> => {
    for await (const line of createInterface({ input: log })) {
      const found = wanted.exec(line);
      if (found !== null) return found;
      seen.push(line);
    }
    throw new Error(`${spawnfile} did not start:\n${seen.join('\n')}`);
  };
  const found = await withLimit(`${wanted} in the log of ${spawnfile}`, find(), { seen: () => seen.join('\n') });
  // Only now: the end of the loop has paused it, and a server that nobody listens to stands still in time.
  log.resume();
  return found;
}
