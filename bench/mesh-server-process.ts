/** `weft run` as the server of a mesh, listener and grid in one process, and what it costs from outside. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { readUsage, type Usage } from './process-usage.js';

/** As docs/grid.md says, with WEFT_HEAP=server: dist/bench/ → bin/weft. */
const LAUNCHER = fileURLToPath(new URL('../../bin/weft', import.meta.url));
const START_DEADLINE_MS = 20_000;
/** Agents have to show one: what it costs to check counts. */
export const AGENT_TOKEN = 'token-of-the-agents-of-the-bench';

interface Urls {
  readonly listenerUrl: string;
  readonly gridUrl: string;
}

/** As outputs/file writes it, with the fields that the bench reads. */
interface OwnMetric {
  readonly name: string;
  readonly fields: Readonly<Record<string, number>>;
}

export class MeshServerProcess {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly urls: Urls;

  private constructor(child: ChildProcess, folder: string, urls: Urls) {
    this.#child = child;
    this.#folder = folder;
    this.urls = urls;
  }

  static async start(): Promise<MeshServerProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'weft-bench-'));
    await writeFile(join(folder, 'weft.yaml'), configuration(folder));
    const args = ['--pdeathsig', 'KILL', LAUNCHER, 'run', '-c', join(folder, 'weft.yaml')];
    const env = { ...process.env, WEFT_HEAP: 'server' };
    const child = spawn('setpriv', args, { stdio: ['ignore', 'ignore', 'pipe'], env });
    try {
      return new MeshServerProcess(child, folder, await servedUrls(child));
    } catch (error) {
      child.kill('SIGKILL');
      await rm(folder, { recursive: true });
      throw error;
    }
  }

  usage(): Usage {
    if (this.#child.pid === undefined) throw new Error('the server did not start');
    return readUsage(this.#child.pid);
  }

  /** What it said of itself so far, the oldest first; up to a few seconds are not written yet. */
  async ownMetrics(name: string): Promise<OwnMetric[]> {
    const lines = (await readFile(ownMetricsIn(this.#folder), 'utf8')).trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line) as OwnMetric).filter((metric) => metric.name === name);
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

function ownMetricsIn(folder: string): string {
  return join(folder, 'own.json');
}

/** Every option of listener and grid is the default. */
function configuration(folder: string): string {
  return JSON.stringify({
    agent: { hostname: 'bench', log_format: 'json' },
    inputs: { 'mesh-listener': [{ listen: '127.0.0.1:0', tokens: { agent: [AGENT_TOKEN] } }] },
    outputs: {
      'mesh-grid': [{ listen: '127.0.0.1:0', namepass: ['probe'] }],
      file: [{ path: ownMetricsIn(folder), namepass: ['weft_*'], flush_interval: '1s' }],
    },
  });
}

/** Waits for the lines of its log that say where it serves; its warnings and errors are passed on for as long as it runs. */
function servedUrls(child: ChildProcess): Promise<Urls> {
  return new Promise((resolve, reject) => {
    const fail = (): void => reject(new Error('the server does not serve'));
    const deadline = setTimeout(fail, START_DEADLINE_MS);
    child.once('exit', fail).once('error', reject);
    if (child.stderr === null) return fail();
    let [listenerUrl, gridUrl]: (string | undefined)[] = [];
    createInterface({ input: child.stderr }).on('line', (line) => {
      const { level, msg, url } = JSON.parse(line) as { readonly level: string; readonly msg: string; url?: string };
      if (level !== 'info') console.error(line);
      if (msg === 'rows are taken in') listenerUrl = url;
      if (msg === 'serving the grid') gridUrl = url;
      if (listenerUrl === undefined || gridUrl === undefined) return;
      clearTimeout(deadline);
      resolve({ listenerUrl, gridUrl });
    });
  });
}
