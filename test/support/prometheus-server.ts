/** A real Prometheus with native histograms on, on a free port, scraping one address every second. */

import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { TestContext } from 'node:test';
import { stringify } from 'yaml';
import { fetchUrl } from './http-client.js';
import { tempFolder } from './temp-folder.js';

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Whether the Debian package is installed. */
export function hasPrometheus(): boolean {
  try {
    execFileSync('prometheus', ['--version'], { stdio: 'ignore' });
    execFileSync('promtool', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const POLL_MS = 50;

export class PrometheusServer {
  readonly #url: string;

  private constructor(url: string) {
    this.#url = url;
  }

  /** `scrape` is merged into the scrape_config; `target` is host:port. Ends with the test. */
  static async start(t: TestContext, target: string, scrape: object = {}, features = ['native-histograms']) {
    const folder = await tempFolder(t);
    const job = { job_name: 'weft', static_configs: [{ targets: [target] }], ...scrape };
    const config = { global: { scrape_interval: '1s', scrape_timeout: '1s' }, scrape_configs: [job] };
    await writeFile(join(folder, 'prometheus.yml'), stringify(config));
    const args = ['--config.file=prometheus.yml', '--storage.tsdb.path=data', '--web.listen-address=127.0.0.1:0'];
    if (features.length > 0) args.push(`--enable-feature=${features.join(',')}`);
    const child = spawn('prometheus', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    t.after(async () => {
      const ended = child.exitCode === null && child.signalCode === null ? once(child, 'exit') : undefined;
      child.kill('SIGKILL');
      await ended;
    });
    const server = new PrometheusServer(`http://${await listenAddress(child)}`);
    await until(async () => (await fetchUrl(`${server.#url}/-/ready`)).status === 200);
    return server;
  }

  /** An instant query; a scalar or string result is not expected. */
  async query(expression: string): Promise<readonly Sample[]> {
    const answer = await fetchUrl(`${this.#url}/api/v1/query?query=${encodeURIComponent(expression)}`);
    const { status, data, error } = JSON.parse(answer.body.toString()) as {
      status: string;
      error?: string;
      data: { result: { metric: Record<string, string>; value: [number, string] }[] };
    };
    if (status !== 'success') throw new Error(`${expression}: ${error}`);
    return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
  }

  /** The result of a query as soon as it satisfies `accept`. */
  async queryUntil(expression: string, accept: (samples: readonly Sample[]) => boolean): Promise<readonly Sample[]> {
    let samples: readonly Sample[] = [];
    await until(async () => {
      samples = await this.query(expression);
      return accept(samples);
    });
    return samples;
  }

  /** Health of the one target, once it was scraped. */
  async target(): Promise<{ readonly health: string; readonly lastError: string }> {
    let target = { health: 'unknown', lastError: '' };
    await until(async () => {
      const answer = await fetchUrl(`${this.#url}/api/v1/targets`);
      const { data } = JSON.parse(answer.body.toString()) as { data: { activeTargets: (typeof target)[] } };
      target = data.activeTargets[0] ?? target;
      return target.health !== 'unknown';
    });
    return target;
  }
}

/** What promtool says of a page: nothing if all is well. */
export function promtoolCheck(page: Buffer): string {
  try {
    return execFileSync('promtool', ['check', 'metrics'], { input: page, stdio: ['pipe', 'pipe', 'pipe'] }).toString();
  } catch (error) {
    const { stdout, stderr } = error as { stdout: Buffer; stderr: Buffer };
    return `${stdout}${stderr}`;
  }
}

/** The runner's timeout ends a wait that never does. */
async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}

async function listenAddress(child: ChildProcess): Promise<string> {
  if (child.stderr === null) throw new Error('prometheus has no log');
  const seen: string[] = [];
  for await (const line of createInterface({ input: child.stderr })) {
    seen.push(line);
    const address = /msg="Listening on" address=(\S+)/.exec(line)?.[1];
    if (address === undefined) continue;
    child.stderr.resume();
    return address;
  }
  throw new Error(`prometheus did not start:\n${seen.join('\n')}`);
}
