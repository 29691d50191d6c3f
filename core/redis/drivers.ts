/** The package `redis` for one server, a cluster and sentinels: what is different about them, and nothing else. */

import { createClient, createCluster, createSentinel, type RedisClientOptions, type TypeMapping } from 'redis';
import type { Credentials } from './credentials.js';
import { isTls, type RedisConfig } from './options.js';
import type { ScriptRunner } from './scripts.js';

export interface DriverOptions extends Credentials {
  readonly database: number | undefined;
  readonly timeoutMs: number;
  /** Whether all connections were there once: until then there is one attempt only. */
  isOpened(): boolean;
  onDisturbed(error?: Error): void;
}

export interface Driver {
  readonly client: Client;
  connect(): Promise<void>;
  subscribe(channel: string, onMessage: (message: string) => void): Promise<void>;
  send(key: string | undefined, args: readonly string[]): Promise<unknown>;
  /** Each has a part of the keys. */
  masters(): AsyncIterable<Master> | Iterable<Master>;
  close(): Promise<void>;
}

interface Client extends ScriptRunner<string> {
  get(key: string): Promise<string | null>;
  pTTL(key: string): Promise<number>;
  withTypeMapping(mapping: TypeMapping): ScriptRunner<string | Buffer>;
}

interface Master {
  scanIterator(pattern: { MATCH: string; COUNT: number }): AsyncIterable<string[]>;
  wait(replicas: number, timeoutMs: number): Promise<number>;
}

/** A silent server is given up after this many timeouts; it is pinged at every one. */
const PATIENCE = 3;
const MAX_RETRY_MS = 1000;
const FIRST_RETRY_MS = 20;

export function singleDriver(url: string, options: DriverOptions): Driver {
  const path = url.startsWith('unix:') ? url.slice('unix:'.length) : undefined;
  const { socket, ...rest } = clientOptions(options, isTls(url));
  const place = path === undefined ? { url, socket } : { socket: { ...socket, path, tls: false as const } };
  const whole = { ...rest, ...place } as RedisClientOptions;
  const client = createClient(whole);
  // A connection that is subscribed serves for nothing else.
  const subscriber = createClient(whole);
  for (const each of [client, subscriber]) {
    each.on('error', options.onDisturbed);
    each.on('ready', () => options.onDisturbed());
  }
  return {
    client,
    async connect() {
      await client.connect();
    },
    async subscribe(channel, onMessage) {
      await subscriber.connect();
      await subscriber.subscribe(channel, onMessage);
    },
    send: (_key, args) => client.sendCommand(args),
    masters: () => [client],
    async close() {
      for (const each of [client, subscriber]) destroy(each);
    },
  };
}

export function clusterDriver(urls: readonly string[], options: DriverOptions): Driver {
  const cluster = createCluster({
    rootNodes: urls.map((url) => ({ url })),
    defaults: clientOptions(options, urls.some(isTls)),
  });
  cluster.on('error', options.onDisturbed);
  cluster.on('node-disconnect', () => options.onDisturbed());
  cluster.on('node-ready', () => options.onDisturbed());
  return {
    client: cluster,
    async connect() {
      await cluster.connect();
    },
    async subscribe(channel, onMessage) {
      await cluster.subscribe(channel, onMessage);
    },
    send: (key, args) => cluster.sendCommand(key, false, [...args]),
    async *masters() {
      for (const node of cluster.masters) yield await cluster.nodeClient(node);
    },
    async close() {
      const { nodeByAddress, pubSubNode } = cluster;
      // Also of one that could not be connected: some of its nodes may be there.
      for (const { client } of nodeByAddress.values()) if (client !== undefined) destroy(client);
      if (pubSubNode !== undefined) destroy(pubSubNode.client);
      cluster.destroy();
    },
  };
}

export function sentinelDriver(sentinel: NonNullable<RedisConfig['sentinel']>, options: DriverOptions): Driver {
  const nodeClientOptions = clientOptions(options, sentinel.nodes.some(isTls));
  const { username, password } = sentinel;
  const client = createSentinel({
    name: sentinel.name,
    sentinelRootNodes: sentinel.nodes.map((url) => nodeOf(url)),
    nodeClientOptions,
    sentinelClientOptions: {
      socket: nodeClientOptions.socket,
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
    },
    scanInterval: options.timeoutMs,
    // Otherwise each command waits for the one before.
    reserveClient: true,
    passthroughClientErrorEvents: true,
  });
  client.on('error', options.onDisturbed);
  client.on('topology-change', () => options.onDisturbed());
  return {
    client,
    async connect() {
      await client.connect();
    },
    async subscribe(channel, onMessage) {
      await client.subscribe(channel, onMessage);
    },
    send: (_key, args) => client.sendCommand(false, [...args]),
    masters: () => [client],
    async close() {
      // Waits for what is being connected.
      await client.destroy();
    },
  };
}

interface Destroyable {
  on(event: 'connect', listener: () => void): unknown;
  destroy(): void;
}

/** For good: a client that is destroyed while it connects goes on with that, and stays. */
function destroy(client: Destroyable): void {
  client.on('connect', () => client.destroy());
  client.destroy();
}

/** Of each connection to a Redis. */
function clientOptions({ login, tls, database, timeoutMs, isOpened }: DriverOptions, withTls: boolean) {
  const reconnectStrategy = (retries: number): number | false =>
    isOpened() ? Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** retries) * (0.5 + Math.random() / 2) : false;
  const socket = { connectTimeout: timeoutMs, socketTimeout: PATIENCE * timeoutMs, reconnectStrategy };
  return {
    ...login,
    ...(database !== undefined && { database }),
    disableOfflineQueue: true,
    pingInterval: timeoutMs,
    // An extension of Redis Enterprise that costs a command at each connect.
    maintNotifications: 'disabled',
    socket: withTls ? { ...socket, ...tls, tls: true as const } : socket,
  } as const;
}

const SENTINEL_PORT = 26_379;

function nodeOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? SENTINEL_PORT : Number(port) };
}
