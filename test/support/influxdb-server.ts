/** A real InfluxDB 1.x in a temporary folder, on a free port. It ends with the test. */

import { execFileSync, spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort } from './free-port.js';
import { logged, ServerProcess } from './server-process.js';
import { tempFolder } from './temp-folder.js';
import { WAIT_LIMIT_MS } from './wait-for.js';

/** Whether the Debian package is installed. */
export function hasInfluxdb(): boolean {
  try {
    execFileSync('influxd', ['version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** One series of an answer; without GROUP BY the tags are absent. The first column is `time`, in ms. */
export interface InfluxSeries {
  readonly name: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly columns: readonly string[];
  readonly values: readonly (readonly (string | number | boolean | null)[])[];
}

export interface InfluxdbOptions {
  /** Demand a user and a password. The first user, an administrator, has to be made through `query`. */
  readonly auth?: boolean;
  /** Further settings of the section [http], such as `{ 'max-body-size': 1000 }`. */
  readonly http?: Readonly<Record<string, string | number | boolean>>;
  /** Further settings of the section [data]. */
  readonly data?: Readonly<Record<string, string | number | boolean>>;
}

/** All there is to be had: the defaults would listen on a fixed port, phone home and watch themselves. */
function configText(folder: string, port: number, { auth = false, http = {}, data = {} }: InfluxdbOptions): string {
  const settings = {
    'bind-address': `127.0.0.1:${port}`,
    'auth-enabled': auth,
    'log-enabled': false,
    'suppress-write-log': true,
    ...http,
  };
  const path = (name: string): string => JSON.stringify(join(folder, name));
  const lines = (section: object): string =>
    Object.entries(section)
      .map(([key, value]) => `  ${key} = ${JSON.stringify(value)}`)
      .join('\n');
  return [
    'reporting-enabled = false',
    'bind-address = "127.0.0.1:0"',
    `[meta]\n  dir = ${path('meta')}`,
    `[data]\n  dir = ${path('data')}\n  wal-dir = ${path('wal')}\n  query-log-enabled = false\n${lines(data)}`,
    '[monitor]\n  store-enabled = false',
    `[http]\n${lines(settings)}`,
    '',
  ].join('\n');
}

export class InfluxdbServer extends ServerProcess {
  readonly #folder: string;
  readonly #port: number;
  readonly #options: InfluxdbOptions;

  private constructor(folder: string, port: number, options: InfluxdbOptions) {
    super();
    this.#folder = folder;
    this.#port = port;
    this.#options = options;
  }

  /** Resolves when it takes requests. It has no database yet: `query('CREATE DATABASE weft')`. */
  static async start(t: Pick<TestContext, 'after'>, options: InfluxdbOptions = {}): Promise<InfluxdbServer> {
    let server: InfluxdbServer | undefined;
    // Before the folder goes, which it writes to.
    t.after(() => server?.kill());
    server = new InfluxdbServer(await tempFolder(t), await freePort(), options);
    await server.restart();
    return server;
  }

  /** After `kill`: on the port it had, with the data it had. */
  async restart(): Promise<void> {
    const file = join(this.#folder, 'influxdb.conf');
    await writeFile(file, configText(this.#folder, this.#port, this.#options));
    const child = spawn('influxd', ['run', '-config', file], { stdio: ['ignore', 'ignore', 'pipe'] });
    this.run(child);
    await logged(child, child.stderr, /Listening on HTTP/);
  }

  /** Without a trailing slash. */
  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Writes line protocol with times in ns. Throws what the server says unless it took all of it. */
  async write(database: string, lines: string): Promise<void> {
    const answer = await fetch(`${this.url}/write?db=${encodeURIComponent(database)}&precision=ns`, {
      method: 'POST',
      body: lines,
      signal: AbortSignal.timeout(WAIT_LIMIT_MS),
    });
    const text = await answer.text();
    if (answer.status !== 204) throw new Error(`InfluxDB says ${answer.status}: ${text}`);
  }

  /** The series that an InfluxQL statement answers with; none, if nothing matches. `login`: user and password. */
  async query(statement: string, database = '', login?: readonly [string, string]): Promise<readonly InfluxSeries[]> {
    const parameters = new URLSearchParams({ q: statement, db: database, epoch: 'ms' });
    const headers = login === undefined ? {} : { authorization: `Basic ${btoa(login.join(':'))}` };
    const request = { method: 'POST', body: parameters, headers, signal: AbortSignal.timeout(WAIT_LIMIT_MS) };
    const answer = await fetch(`${this.url}/query`, request);
    const { results = [], error } = (await answer.json()) as {
      results?: readonly { series?: readonly InfluxSeries[]; error?: string }[];
      error?: string;
    };
    const problem = error ?? results[0]?.error;
    if (problem !== undefined) throw new Error(`${statement}: ${problem}`);
    return results[0]?.series ?? [];
  }
}
