/** `weft` as users start it, as a child process with a folder of its own, and what it costs from outside. It never outlives its bench. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { readUsage, type Usage } from './process-usage.js';

/** dist/bench/ → bin/weft. */
export const LAUNCHER = fileURLToPath(new URL('../../bin/weft', import.meta.url));
const START_DEADLINE_MS = 20_000;

export interface WeftPlan {
  /** `weft run` or `weft controller`. */
  readonly command: 'run' | 'controller';
  /** Written as JSON. `agent` must leave the log at `info` and in JSON: it says where weft serves. */
  configure(folder: string): object | Promise<object>;
  /** The messages of the log that tell a `url`; weft has started when each has come. */
  readonly serving: readonly string[];
  /** Added to ours. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether its warnings and errors are what is wanted: they are not passed on then. */
  readonly isTroubled?: boolean;
}

/** A started weft, to be wrapped in the class that knows what it was started as. */
export interface StartedWeft {
  readonly child: ChildProcess;
  readonly folder: string;
  /** In the order of `serving`. */
  readonly urls: readonly string[];
}

/** Resolves when weft serves; throws when it ends before or does not within 20 s, and leaves nothing behind then. */
export async function startWeft(plan: WeftPlan): Promise<StartedWeft> {
  const { command, configure, env } = plan;
  const folder = await mkdtemp(join(tmpdir(), 'weft-bench-'));
  let child: ChildProcess | undefined;
  try {
    await writeFile(configIn(folder), JSON.stringify(await configure(folder)));
    child = spawn('setpriv', ['--pdeathsig', 'KILL', LAUNCHER, command, '-c', configIn(folder)], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...env },
    });
    return { child, folder, urls: await servedUrls(child, plan) };
  } catch (error) {
    if (child !== undefined) await ended(child, 'SIGKILL');
    await rm(folder, { recursive: true });
    throw error;
  }
}

export class WeftProcess {
  readonly #child: ChildProcess;
  protected readonly folder: string;

  protected constructor({ child, folder }: StartedWeft) {
    this.#child = child;
    this.folder = folder;
  }

  usage(): Usage {
    if (this.#child.pid === undefined) throw new Error('weft did not start');
    return readUsage(this.#child.pid);
  }

  async stop(): Promise<void> {
    await ended(this.#child, 'SIGTERM');
    await rm(this.folder, { recursive: true });
  }
}

export function configIn(folder: string): string {
  return join(folder, 'weft.yaml');
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
}

/** Its warnings and errors, and what is no log, are passed on for as long as it runs. */
function servedUrls(child: ChildProcess, { command, serving, isTroubled = false }: WeftPlan): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(new Error(`weft ${command} does not serve`));
    const deadline = setTimeout(fail, START_DEADLINE_MS);
    child.once('exit', fail).once('error', reject);
    if (child.stderr === null) return fail();
    const urls = new Map<string, string>();
    createInterface({ input: child.stderr }).on('line', (line) => {
      const { level, msg, url } = parseLine(line);
      if (level !== 'info' && !isTroubled) console.error(line);
      if (msg === undefined || url === undefined || !serving.includes(msg)) return;
      urls.set(msg, url);
      if (urls.size < serving.length) return;
      clearTimeout(deadline);
      resolve(serving.map((message) => urls.get(message) ?? ''));
    });
  });
}

function parseLine(line: string): { readonly level?: string; readonly msg?: string; readonly url?: string } {
  try {
    return JSON.parse(line);
  } catch {
    return {};
  }
}
