/** The controller (weft controller) as a child process with the embedded store, and the plan that weft makes of its file. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { readUsage, type Usage } from './process-usage.js';

/** As users start it: dist/bench/ → bin/weft. */
const LAUNCHER = fileURLToPath(new URL('../../bin/weft', import.meta.url));
const START_DEADLINE_MS = 20_000;
/** Agents have to show one: what it costs to check counts. */
export const AGENT_TOKEN = 'token-of-the-agents-of-the-bench';

/** What `weft controller plan --json` says, as far as the bench compares it. */
export interface PlanFigures {
  readonly targets: PlanShare;
  readonly probes_per_second: PlanShare;
}

export interface PlanShare {
  readonly min: number;
  readonly mean: number;
  readonly max: number;
  readonly total: number;
}

export class ControllerProcess {
  readonly #child: ChildProcess;
  readonly #folder: string;
  /** Of its API. */
  readonly url: string;

  private constructor(child: ChildProcess, folder: string, url: string) {
    this.#child = child;
    this.#folder = folder;
    this.url = url;
  }

  static async start(policies: readonly object[]): Promise<ControllerProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'weft-bench-'));
    await writeFile(configIn(folder), configuration(folder, policies));
    const args = ['--pdeathsig', 'KILL', LAUNCHER, 'controller', '-c', configIn(folder)];
    const child = spawn('setpriv', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    try {
      return new ControllerProcess(child, folder, await servedUrl(child));
    } catch (error) {
      child.kill('SIGKILL');
      await rm(folder, { recursive: true });
      throw error;
    }
  }

  usage(): Usage {
    if (this.#child.pid === undefined) throw new Error('the controller did not start');
    return readUsage(this.#child.pid);
  }

  /** `weft controller plan` for the file that this controller runs by. */
  async plan(agents: number): Promise<{ readonly figures: PlanFigures; readonly seconds: number }> {
    const start = performance.now();
    const args = ['controller', 'plan', '-c', configIn(this.#folder), '--agents', String(agents), '--json'];
    const { stdout } = await promisify(execFile)(LAUNCHER, args);
    return { figures: JSON.parse(stdout), seconds: (performance.now() - start) / 1000 };
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await exited;
    }
    await rm(this.#folder, { recursive: true });
  }
}

function configIn(folder: string): string {
  return join(folder, 'controller.yaml');
}

function configuration(folder: string, policies: readonly object[]): string {
  return JSON.stringify({
    agent: { hostname: 'bench', log_format: 'json' },
    controller: {
      listen: '127.0.0.1:0',
      tokens: { agent: [AGENT_TOKEN] },
      store: { type: 'memory', snapshot: join(folder, 'registry') },
      policies,
    },
  });
}

/** Waits for the line of its log that says where it serves; its warnings and errors are passed on for as long as it runs. */
function servedUrl(child: ChildProcess): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(new Error('the controller does not serve'));
    const deadline = setTimeout(fail, START_DEADLINE_MS);
    child.once('exit', fail).once('error', reject);
    if (child.stderr === null) return fail();
    createInterface({ input: child.stderr }).on('line', (line) => {
      const { level, msg, url } = parseLine(line);
      if (level !== 'info') console.error(line);
      if (msg !== 'the controller serves' || url === undefined) return;
      clearTimeout(deadline);
      resolve(url);
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
