/** One Redis server, a cluster or what sentinels name the master of: the few things that weft's stores ask of any of them. */

import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createClient, createCluster, createSentinel, ErrorReply, RESP_TYPES, type RedisClientOptions } from 'redis';
import { StartupError } from '../errors.js';
import { isTls, type RedisConfig } from './options.js';

export interface ConnectionListener {
  /** A connection broke, came back or leads elsewhere: messages may have been missed. */
  onDisturbed(error?: Error): void;
  onMessage(message: string): void;
}

/** Commands reject at once while there is no connection; a server that is silent is noticed by pings. */
export interface RedisConnection {
  /** Connects and subscribes to `channel`. Rejects with what is in the way; it may not be used then. */
  connect(channel: string): Promise<void>;
  eval(script: string, key: string, args: readonly string[]): Promise<unknown>;
  /** The same for arguments and results that are bytes, not texts: every string of the result is a Buffer. */
  evalBytes(script: string, key: string, args: readonly (string | Buffer)[]): Promise<unknown>;
  get(key: string): Promise<string | null>;
  /** Ms until the key expires; negative when there is no such key or it never does. */
  ttlMs(key: string): Promise<number>;
  /** Every key that begins with `prefix`, in batches; a key may come twice. */
  keys(prefix: string): AsyncIterable<readonly string[]>;
  /** Cuts everything off. */
  close(): Promise<void>;
}

/** Reads the files the options name, which are those of `where`. Rejects with StartupError. */
export async function createConnection(
  where: string,
  config: RedisConfig,
  listener: ConnectionListener,
): Promise<RedisConnection> {
  const common = await commonOptions(where, config);
  if (config.cluster !== undefined) return clusterConnection(config.cluster, common, listener);
  if (config.sentinel !== undefined) return sentinelConnection(config.sentinel, common, listener);
  return singleConnection(config.url ?? '', common, listener);
}

/** Batch of a SCAN: some milliseconds of work at either end. */
const SCAN_COUNT = 500;
/** A silent server is given up after this many timeouts; it is pinged at every one. */
const PATIENCE = 3;
const MAX_RETRY_MS = 1000;
const FIRST_RETRY_MS = 20;

interface Common {
  readonly credentials: { readonly username?: string; readonly password?: string };
  readonly tls: TlsFiles;
  readonly timeoutMs: number;
}
interface TlsFiles {
  readonly ca?: Buffer;
  readonly cert?: Buffer;
  readonly key?: Buffer;
}

async function commonOptions(where: string, config: RedisConfig): Promise<Common> {
  const [ca, cert, key, password] = await Promise.all([
    readOption(where, 'tls_ca', config.tls_ca),
    readOption(where, 'tls_cert', config.tls_cert),
    readOption(where, 'tls_key', config.tls_key),
    readSecret(where, config.password),
  ]);
  return {
    credentials: {
      ...(config.username !== undefined && { username: config.username }),
      ...(password !== undefined && { password }),
    },
    tls: { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) },
    timeoutMs: config.timeout,
  };
}

/** Options of each connection; `opened` tells whether the first attempt has succeeded: until then it is the only one. */
function clientOptions({ credentials, timeoutMs }: Common, opened: () => boolean) {
  const reconnectStrategy = (retries: number): number | false =>
    opened() ? Math.min(MAX_RETRY_MS, FIRST_RETRY_MS * 2 ** retries) * (0.5 + Math.random() / 2) : false;
  return {
    ...credentials,
    disableOfflineQueue: true,
    pingInterval: timeoutMs,
    // An extension of Redis Enterprise that costs a command at each connect.
    maintNotifications: 'disabled',
    socket: { connectTimeout: timeoutMs, socketTimeout: PATIENCE * timeoutMs, reconnectStrategy },
  } as const;
}

function singleConnection(url: string, common: Common, listener: ConnectionListener): RedisConnection {
  let opened = false;
  const options = clientOptions(common, () => opened);
  const path = url.startsWith('unix:') ? url.slice('unix:'.length) : undefined;
  const socket = path === undefined ? options.socket : { ...options.socket, path, tls: false as const };
  const tls = isTls(url) ? { ...options.socket, ...common.tls, tls: true as const } : socket;
  const whole = { ...options, socket: tls, ...(path === undefined && { url }) } as RedisClientOptions;
  const client = createClient(whole);
  // A connection that is subscribed serves for nothing else.
  const subscriber = createClient(whole);
  for (const each of [client, subscriber]) {
    each.on('error', (error: Error) => opened && listener.onDisturbed(error));
    each.on('ready', () => opened && listener.onDisturbed());
  }
  return {
    async connect(channel) {
      await client.connect();
      await subscriber.connect();
      await subscriber.subscribe(channel, listener.onMessage);
      opened = true;
    },
    eval: evaluator(client),
    evalBytes: evaluator(client.withTypeMapping(BYTES)),
    get: (key) => client.get(key),
    ttlMs: (key) => client.pTTL(key),
    keys: (prefix) => client.scanIterator({ MATCH: `${escapeGlob(prefix)}*`, COUNT: SCAN_COUNT }),
    async close() {
      for (const each of [client, subscriber]) if (each.isOpen) each.destroy();
    },
  };
}

function clusterConnection(urls: readonly string[], common: Common, listener: ConnectionListener): RedisConnection {
  let opened = false;
  const options = clientOptions(common, () => opened);
  const tls = urls.some(isTls) ? { ...options.socket, ...common.tls, tls: true as const } : options.socket;
  const cluster = createCluster({
    rootNodes: urls.map((url) => ({ url })),
    defaults: { ...options, socket: tls },
  });
  cluster.on('error', (error: Error) => opened && listener.onDisturbed(error));
  cluster.on('node-disconnect', () => opened && listener.onDisturbed());
  cluster.on('node-ready', () => opened && listener.onDisturbed());
  return {
    async connect(channel) {
      await cluster.connect();
      await cluster.subscribe(channel, listener.onMessage);
      opened = true;
    },
    eval: evaluator(cluster),
    evalBytes: evaluator(cluster.withTypeMapping(BYTES)),
    get: (key) => cluster.get(key),
    ttlMs: (key) => cluster.pTTL(key),
    async *keys(prefix) {
      for (const node of cluster.getMasters()) {
        const client = await cluster.nodeClient(node);
        yield* client.scanIterator({ MATCH: `${escapeGlob(prefix)}*`, COUNT: SCAN_COUNT });
      }
    },
    async close() {
      if (cluster.isOpen) cluster.destroy();
    },
  };
}

function sentinelConnection(
  sentinel: NonNullable<RedisConfig['sentinel']>,
  common: Common,
  listener: ConnectionListener,
): RedisConnection {
  let opened = false;
  const options = clientOptions(common, () => opened);
  const tls = sentinel.nodes.some(isTls) ? { ...options.socket, ...common.tls, tls: true as const } : options.socket;
  const { username, password } = sentinel;
  const client = createSentinel({
    name: sentinel.name,
    sentinelRootNodes: sentinel.nodes.map((url) => nodeOf(url)),
    nodeClientOptions: { ...options, socket: tls },
    sentinelClientOptions: {
      socket: tls,
      ...(username !== undefined && { username }),
      ...(password !== undefined && { password }),
    },
    scanInterval: common.timeoutMs,
    passthroughClientErrorEvents: true,
  });
  client.on('error', (error: Error) => opened && listener.onDisturbed(error));
  client.on('topology-change', () => opened && listener.onDisturbed());
  return {
    async connect(channel) {
      await client.connect();
      await client.subscribe(channel, listener.onMessage);
      opened = true;
    },
    eval: evaluator(client),
    evalBytes: evaluator(client.withTypeMapping(BYTES)),
    get: (key) => client.get(key),
    ttlMs: (key) => client.pTTL(key),
    keys: (prefix) => client.scanIterator({ MATCH: `${escapeGlob(prefix)}*`, COUNT: SCAN_COUNT }),
    async close() {
      if (client.isOpen) await client.destroy();
    },
  };
}

const BYTES = { [RESP_TYPES.BLOB_STRING]: Buffer };

interface ScriptRunner<A> {
  evalSha(sha1: string, options: ScriptOptions<A>): Promise<unknown>;
  eval(script: string, options: ScriptOptions<A>): Promise<unknown>;
}
interface ScriptOptions<A> {
  keys: string[];
  arguments: A[];
}

/** Sends a script once, then its name. */
function evaluator<A>(client: ScriptRunner<A>) {
  const names = new Map<string, string>();
  return async (script: string, key: string, args: readonly A[]): Promise<unknown> => {
    const name = names.get(script) ?? createHash('sha1').update(script).digest('hex');
    names.set(script, name);
    const options = { keys: [key], arguments: [...args] };
    try {
      return await client.evalSha(name, options);
    } catch (error) {
      if (!(error instanceof ErrorReply && error.message.startsWith('NOSCRIPT'))) throw error;
      return client.eval(script, options);
    }
  };
}

const SENTINEL_PORT = 26_379;

function nodeOf(url: string): { host: string; port: number } {
  const { hostname, port } = new URL(url);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: port === '' ? SENTINEL_PORT : Number(port) };
}

/** What has a meaning in a SCAN pattern. */
function escapeGlob(text: string): string {
  return text.replace(/[\\*?[\]^-]/g, '\\$&');
}

async function readSecret(where: string, value: string | undefined): Promise<string | undefined> {
  const file = value?.startsWith('file:') ? value.slice('file:'.length) : undefined;
  return file === undefined ? value : (await readOption(where, 'password', file))?.toString('utf8').trim();
}

async function readOption(where: string, option: string, file: string | undefined): Promise<Buffer | undefined> {
  if (file === undefined) return undefined;
  try {
    return await readFile(file);
  } catch (cause) {
    throw new StartupError(`cannot read ${option} ${file} of ${where}`, { retryable: true, cause });
  }
}
