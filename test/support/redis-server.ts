/** Real redis-servers in a temporary folder, on a Unix socket or on free ports. They end with the test. */

import { execFile, execFileSync, spawn } from 'node:child_process';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { promisify } from 'node:util';
import { logged, ServerProcess } from './server-process.js';
import { tempFolder } from './temp-folder.js';
import { WAIT_LIMIT_MS } from './wait-for.js';

/** Whether the Debian package is installed. */
export function hasRedis(): boolean {
  try {
    for (const command of ['redis-server', 'redis-cli']) execFileSync(command, ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

export class RedisServer extends ServerProcess {
  readonly #folder: string;
  readonly #args: readonly string[];
  readonly #sentinelFile: string | undefined;

  private constructor(folder: string, args: readonly string[], sentinelFile: string | undefined) {
    super();
    this.#folder = folder;
    this.#args = args;
    this.#sentinelFile = sentinelFile;
  }

  /** Without persistence, on a Unix socket only, unless `args` say otherwise; with a configuration file it is a sentinel. */
  static async start(
    t: Pick<TestContext, 'after'>,
    args: readonly string[] = [],
    sentinelFile?: string,
  ): Promise<RedisServer> {
    let server: RedisServer | undefined;
    // Before the folder goes, which it may write to.
    t.after(() => server?.kill());
    server = new RedisServer(await tempFolder(t), args, sentinelFile);
    await server.restart();
    return server;
  }

  /** As it was started, with nothing in it. */
  async restart(): Promise<void> {
    const own = ['--port', '0', '--unixsocket', this.socket, '--save', '', '--dir', this.#folder];
    const role = this.#sentinelFile === undefined ? own : [this.#sentinelFile, '--sentinel'];
    const child = spawn('redis-server', [...role, ...this.#args], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.run(child);
    // The Unix socket's line comes after the port's.
    await logged(child, child.stdout, /ready to accept connections at|\+monitor master/);
  }

  get socket(): string {
    return join(this.#folder, 'redis.sock');
  }

  get url(): string {
    return `unix:${this.socket}`;
  }

  /** By its own command line client. */
  async cli(...args: string[]): Promise<string> {
    return redisCli('-s', this.socket, ...args);
  }
}

export async function redisCli(...args: string[]): Promise<string> {
  const { stdout } = await promisify(execFile)('redis-cli', args, { timeout: WAIT_LIMIT_MS });
  return stdout.trim();
}
