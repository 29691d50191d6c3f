/** A real Prometheus with native histograms on, on a free port, scraping one address every second. */

import { execFileSync, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { stringify } from 'yaml';
import { fetchUrl } from './http-client.js';
import { logged, ServerProcess } from './server-process.js';
import { tempFolder } from './temp-folder.js';
import { type Mortal, waitFor } from './wait-for.js';

export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Target {
  readonly health: string;
  readonly lastError: string;
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

export class PrometheusServer extends ServerProcess {
  #url = '';

  private constructor() {
    super();
  }

  /** `scrape` is merged into the scrape_config; `target` is host:port. Ends with the test. */
  static async start(t: TestContext, target: string, scrape: object = {}, features = ['native-histograms']) {
    const server = new PrometheusServer();
    // Before the folder goes, which it writes to.
    t.after(() => server.kill());
    const folder = await tempFolder(t);
    const job = { job_name: 'weft', static_configs: [{ targets: [target] }], ...scrape };
    const config = { global: { scrape_interval: '1s', scrape_timeout: '1s' }, scrape_configs: [job] };
    await writeFile(join(folder, 'prometheus.yml'), stringify(config));
    const args = ['--config.file=prometheus.yml', '--storage.tsdb.path=data', '--web.listen-address=127.0.0.1:0'];
    if (features.length > 0) args.push(`--enable-feature=${features.join(',')}`);
    const child = spawn('prometheus', args, { cwd: folder, stdio: ['ignore', 'ignore', 'pipe'] });
    server.run(child);
    const [, address] = await logged(child, child.stderr, /msg="Listening on" address=(\S+)/);
    server.#url = `http://${address}`;
    const isReady = async () => (await fetchUrl(`${server.#url}/-/ready`)).status === 200;
    await waitFor('Prometheus to be ready', isReady, { needs: [server] });
    return server;
  }

  /** An instant query, as of now unless `atS` says of when; a scalar or string result is not expected. */
  async query(expression: string, atS = Date.now() / 1000): Promise<readonly Sample[]> {
    const answer = await fetchUrl(`${this.#url}/api/v1/query?query=${encodeURIComponent(expression)}&time=${atS}`);
    const { status, data, error } = JSON.parse(answer.body.toString()) as {
      status: string;
      error?: string;
      data: { result: { metric: Record<string, string>; value: [number, string] }[] };
    };
    if (status !== 'success') throw new Error(`${expression}: ${error}`);
    return data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
  }

  /** The result of a query as soon as it satisfies `accept`. `source`: what it is about. */
  async queryUntil(
    expression: string,
    accept: (samples: readonly Sample[]) => boolean,
    source?: Mortal,
  ): Promise<readonly Sample[]> {
    let samples: readonly Sample[] = [];
    const look = async () => {
      samples = await this.query(expression);
      return accept(samples) && samples;
    };
    const needs = source === undefined ? [this] : [this, source];
    return waitFor(`what is wanted of ${expression}`, look, { needs, seen: () => samples });
  }

  /**
   * Queries as of the moment at which this one satisfied `accept`: on a busy machine the next scrape may take too long, and
   * then series are gone until the one after it.
   */
  async momentOf(
    expression: string,
    accept: (samples: readonly Sample[]) => boolean,
  ): Promise<(expression: string) => Promise<readonly Sample[]>> {
    const look = async () => {
      const atS = Date.now() / 1000;
      return accept(await this.query(expression, atS)) && atS;
    };
    const atS = await waitFor(`what is wanted of ${expression}`, look, { needs: [this] });
    return (other) => this.query(other, atS);
  }

  /** Waits until a scrape of the one target has ended like that: `up`, or `down` and why. */
  async scraped(wanted: RegExp): Promise<void> {
    let said = '';
    const look = async () => {
      const answer = await fetchUrl(`${this.#url}/api/v1/targets`);
      const { data } = JSON.parse(answer.body.toString()) as { data: { activeTargets: Target[] } };
      const [target] = data.activeTargets;
      said = `${target?.health} ${target?.lastError}`.trim();
      return wanted.test(said);
    };
    await waitFor(`a scrape that is ${wanted}`, look, { needs: [this], seen: () => said });
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
