/** Real servers for the fault run, which are killed, halted and started again, and asked at the end what they have. */

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { InfluxdbServer } from '../test/support/influxdb-server.js';
import { RedisServer } from '../test/support/redis-server.js';
import { JsonChild } from './child.js';

export interface FaultServer {
  readonly url: string;
  kill(): Promise<void>;
  /** After `kill`: where it was, with what it had. */
  restart(): Promise<void>;
  /** It keeps its connections and answers nobody. */
  stall(): void;
  resume(): void;
  /** How many different numbers it has; what came twice counts once. Throws when one is not below `total`. */
  stored(total: number): Promise<number>;
}

/** Where it is noted what has to end when the run does. */
export interface Cleanup {
  after(end: () => Promise<void> | void): void;
}

const DATABASE = 'numbers';

export async function startInfluxdb(cleanup: Cleanup): Promise<FaultServer> {
  const server = await InfluxdbServer.start(cleanup);
  await server.query(`CREATE DATABASE ${DATABASE}`);
  return Object.assign(server, {
    // Equal series and times overwrite each other.
    stored: async (total: number): Promise<number> => {
      const [series] = await server.query('SELECT count(v), max(v) FROM probe', DATABASE);
      const [, count, largest] = series?.values[0] ?? [];
      assertBelow(Number(largest ?? 0), total);
      return Number(count ?? 0);
    },
  });
}

/** Of outputs.influxdb. */
export function influxdbOptions(url: string): object {
  return { url, version: 1, database: DATABASE };
}

/** It keeps what it has in a file, and what it has answered is in there. */
export async function startRedis(cleanup: Cleanup): Promise<FaultServer & { readonly socket: string }> {
  const server = await RedisServer.start(cleanup, ['--appendonly', 'yes']);
  return Object.assign(server, {
    // A stream has what it was sent once, if the output keeps its word: an entry too many is a mistake like one too few.
    stored: async (): Promise<number> => Number(await server.cli('XLEN', 'weft:windows:udp')),
  });
}

/** Of outputs.redis; the stream keeps all there is. */
export function redisOptions(port: number): object {
  return { url: `redis://127.0.0.1:${port}`, stream_length: 100_000_000 };
}

/** `file`: where it keeps its numbers. */
export async function startOtlpStore(cleanup: Cleanup, file: string): Promise<FaultServer> {
  const store = new OtlpStore(file);
  cleanup.after(() => store.kill());
  await store.restart();
  return store;
}

const OTLP_STORE = fileURLToPath(new URL('./otlp-store-process.js', import.meta.url));

class OtlpStore implements FaultServer {
  readonly #file: string;
  #child: JsonChild | undefined;
  #port = 0;

  constructor(file: string) {
    this.#file = file;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async kill(): Promise<void> {
    await this.#child?.dispose();
    this.#child = undefined;
  }

  async restart(): Promise<void> {
    this.#child = new JsonChild(process.execPath, [OTLP_STORE, this.#file, String(this.#port)]);
    this.#port = (await this.#child.next<{ port: number }>()).port;
  }

  stall(): void {
    this.#child?.signal('SIGSTOP');
  }

  resume(): void {
    this.#child?.signal('SIGCONT');
  }

  async stored(total: number): Promise<number> {
    const numbers = new Uint32Array(Uint8Array.from(await readFile(this.#file)).buffer);
    const seen = new Uint8Array(total);
    let stored = 0;
    for (const n of numbers) {
      assertBelow(n, total);
      stored += 1 - (seen[n] ?? 0);
      seen[n] = 1;
    }
    return stored;
  }
}

function assertBelow(n: number, total: number): void {
  if (n >= total) throw new Error(`the number ${n} was never sent: there were ${total}`);
}
