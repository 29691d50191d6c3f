/** A real VictoriaMetrics, which takes OTLP and keeps exponential histograms bucket for bucket. It ends with the test. */

import { spawn, spawnSync } from 'node:child_process';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from './free-port.js';
import { fetchUrl } from './http-client.js';
import { logged, ServerProcess } from './server-process.js';
import { tempFolder } from './temp-folder.js';

/** Names as outputs.prometheus has them. */
const NAMING = '-opentelemetry.usePrometheusNaming';

export interface Series {
  readonly metric: Readonly<Record<string, string>>;
  readonly values: readonly number[];
}

/** Whether there is one that takes OTLP with these names, as that of Debian 13 does. */
export function hasVictoriaMetrics(): boolean {
  const { error, stdout, stderr } = spawnSync('victoria-metrics', ['-help'], { encoding: 'utf8' });
  return error === undefined && (stdout + stderr).includes(NAMING);
}

export class VictoriaMetrics extends ServerProcess {
  readonly #url: string;

  private constructor(url: string) {
    super();
    this.#url = url;
  }

  static async start(t: TestContext): Promise<VictoriaMetrics> {
    const place = `127.0.0.1:${await freePort()}`;
    const server = new VictoriaMetrics(`http://${place}`);
    // Before the folder goes, which it writes to.
    t.after(() => server.kill());
    const data = join(await tempFolder(t), 'data');
    const args = [`-httpListenAddr=${place}`, `-storageDataPath=${data}`, NAMING];
    const child = spawn('victoria-metrics', args, { stdio: ['ignore', 'ignore', 'pipe'] });
    server.run(child);
    await logged(child, child.stderr, /started server at/);
    return server;
  }

  /** For `endpoint`. */
  get otlpUrl(): string {
    return `${this.#url}/opentelemetry`;
  }

  /** All that it has of a name. */
  async series(name: string): Promise<Series[]> {
    await fetchUrl(`${this.#url}/internal/force_flush`);
    const { body } = await fetchUrl(`${this.#url}/api/v1/export?match[]=${name}`);
    const lines = body.toString().split('\n');
    return lines.filter((line) => line !== '').map((line): Series => JSON.parse(line));
  }
}
