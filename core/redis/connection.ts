/** One Redis server, a cluster or what sentinels name the master of: the few things that weft asks of any of them. */

import { RESP_TYPES } from 'redis';
import { readCredentials } from './credentials.js';
import { clusterDriver, type Driver, type DriverOptions, sentinelDriver, singleDriver } from './drivers.js';
import type { RedisConfig } from './options.js';
import { evaluator } from './scripts.js';

export interface ConnectionListener {
  /** A connection broke, came back or leads elsewhere: messages may have been missed. */
  onDisturbed(error?: Error): void;
  onMessage(message: string): void;
}

/**
 * Commands reject at once while there is no connection; a server that is silent is noticed by pings. What is asked in one turn
 * of the event loop goes out together, in order for each key. Of several keys, all have to be in one slot.
 */
export interface RedisConnection {
  /** Connects, and subscribes to `channel` if there is one. Rejects with what is in the way; it may not be used then. */
  connect(channel?: string): Promise<void>;
  eval(script: string, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  /** The same for arguments and results that are bytes, not texts: every string of the result is a Buffer. */
  evalBytes(script: string, keys: readonly string[], args: readonly (string | Buffer)[]): Promise<unknown>;
  /** Any command that writes; `key` says to which node of a cluster, without it any will do. */
  send(key: string | undefined, args: readonly string[]): Promise<unknown>;
  get(key: string): Promise<string | null>;
  /** Ms until the key expires; negative when there is no such key or it never does. */
  ttlMs(key: string): Promise<number>;
  /** Every key that begins with `prefix`, in batches; a key may come twice. */
  keys(prefix: string): AsyncIterable<readonly string[]>;
  /**
   * Waits until `count` replicas of every master have what this connection wrote before, at most `timeoutMs`. Resolves to
   * the number that the master with the fewest has.
   */
  replicated(count: number, timeoutMs: number): Promise<number>;
  /** Cuts everything off, also what is being connected: that rejects. Legal without connect, and twice. */
  close(): Promise<void>;
}

/** Reads the files the options name, which are those of `where`. Rejects with StartupError. */
export async function createConnection(
  where: string,
  config: RedisConfig,
  listener: ConnectionListener,
): Promise<RedisConnection> {
  let opened = false;
  let closed = false;
  const options: DriverOptions = {
    ...(await readCredentials(where, config)),
    database: config.database,
    timeoutMs: config.timeout,
    isOpened: () => opened && !closed,
    onDisturbed: (error) => opened && listener.onDisturbed(error),
  };
  const driver = driverOf(config, options);
  const { client } = driver;
  return {
    async connect(channel) {
      try {
        await driver.connect();
        if (channel !== undefined && !closed) await driver.subscribe(channel, listener.onMessage);
      } finally {
        // Nodes of a cluster may have been found since.
        if (closed) await driver.close();
      }
      if (closed) throw new Error('the connection was closed before it was made');
      opened = true;
    },
    eval: evaluator(client),
    evalBytes: evaluator(client.withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer })),
    send: driver.send,
    get: (key) => client.get(key),
    ttlMs: (key) => client.pTTL(key),
    async *keys(prefix) {
      const pattern = { MATCH: `${escapeGlob(prefix)}*`, COUNT: SCAN_COUNT };
      for await (const node of driver.masters()) yield* node.scanIterator(pattern);
    },
    async replicated(count, timeoutMs) {
      const answers: Promise<number>[] = [];
      for await (const node of driver.masters()) answers.push(node.wait(count, timeoutMs));
      return Math.min(...(await Promise.all(answers)));
    },
    async close() {
      closed = true;
      await driver.close();
    },
  };
}

/** Batch of a SCAN: some milliseconds of work at either end. */
const SCAN_COUNT = 500;

function driverOf(config: RedisConfig, options: DriverOptions): Driver {
  if (config.cluster !== undefined) return clusterDriver(config.cluster, options);
  if (config.sentinel !== undefined) return sentinelDriver(config.sentinel, options);
  return singleDriver(config.url ?? '', options);
}

/** What has a meaning in a SCAN pattern. */
function escapeGlob(text: string): string {
  return text.replace(/[\\*?[\]^-]/g, '\\$&');
}
