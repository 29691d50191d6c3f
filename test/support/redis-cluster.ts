/** Real Redis servers that are a cluster, or that a sentinel looks after. They end with the test. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Certificates } from './certificates.js';
import { freePort } from './free-port.js';
import { RedisServer, redisCli } from './redis-server.js';
import { tempFolder } from './temp-folder.js';
import { waitFor } from './wait-for.js';

export interface RedisCluster {
  /** The masters first. */
  readonly servers: readonly RedisServer[];
  readonly urls: string[];
}

export interface ServersOptions {
  /** Of all servers. */
  readonly args?: readonly string[];
  /** All servers speak TLS only, also to each other, and demand certificates. */
  readonly tls?: Pick<Certificates, 'caFile' | 'server'> | undefined;
}

/** Three masters with a third of the slots each; `replicas` of each. */
export async function startCluster(
  t: TestContext,
  { replicas = 0, args = [], tls }: ServersOptions & { readonly replicas?: number } = {},
): Promise<RedisCluster> {
  const servers: RedisServer[] = [];
  const ports: number[] = [];
  for (let i = 0; i < 3 * (1 + replicas); i += 1) {
    const port = await freePort();
    // The bus port is beyond the range when it is port + 10 000, which it is unless told.
    const bus = await freePort();
    const cluster = ['--cluster-enabled', 'yes', '--cluster-port', String(bus), '--cluster-node-timeout', '2000'];
    const encrypted = tls === undefined ? [] : ['--tls-cluster', 'yes'];
    servers.push(await RedisServer.start(t, [...on(port, tls), ...cluster, ...encrypted, ...args]));
    ports.push(port);
  }
  const nodes = ports.map((port) => `127.0.0.1:${port}`);
  await redisCli(
    ...asClient(tls),
    '--cluster',
    'create',
    ...nodes,
    '--cluster-replicas',
    String(replicas),
    '--cluster-yes',
  );
  await waitFor('a cluster that is whole', async () => {
    const states = await Promise.all(servers.map((server) => server.cli('CLUSTER', 'INFO')));
    return states.every((state) => state.includes('cluster_state:ok'));
  });
  if (replicas > 0) await waitFor('replicas that follow', async () => (await links(servers)) === 3 * replicas);
  return { servers, urls: nodes.map((node) => `${schemeOf(tls)}://${node}`) };
}

/** Replicas that follow their master. */
async function links(servers: readonly RedisServer[]): Promise<number> {
  const told = await Promise.all(servers.map((server) => server.cli('INFO', 'replication')));
  return told.filter((info) => info.includes('master_link_status:up')).length;
}

export interface WatchedRedis {
  readonly master: RedisServer;
  readonly replica: RedisServer;
  readonly sentinelUrl: string;
}

/** A master called `name`, a replica, and a sentinel that fails over by itself; `args` are not for the sentinel. */
export async function startWatched(
  t: TestContext,
  name: string,
  { args = [], tls }: ServersOptions = {},
): Promise<WatchedRedis> {
  const [masterPort, replicaPort, sentinelPort] = [await freePort(), await freePort(), await freePort()];
  const master = await RedisServer.start(t, [...on(masterPort, tls), ...args]);
  const replica = await RedisServer.start(t, [
    ...on(replicaPort, tls),
    '--replicaof',
    '127.0.0.1',
    String(masterPort),
    ...args,
  ]);
  await waitFor('a replica that follows', async () => (await links([replica])) === 1);
  const file = join(await tempFolder(t), 'sentinel.conf');
  const watch = [
    `sentinel monitor ${name} 127.0.0.1 ${masterPort} 1`,
    `sentinel down-after-milliseconds ${name} 1000`,
    `sentinel failover-timeout ${name} 2000`,
  ];
  await writeFile(file, watch.join('\n'));
  await RedisServer.start(t, on(sentinelPort, tls), file);
  const asked = [...asClient(tls), '-p', String(sentinelPort), 'SENTINEL', 'REPLICAS', name];
  await waitFor('a sentinel that knows the replica', async () =>
    (await redisCli(...asked)).includes(`:${replicaPort}`),
  );
  return { master, replica, sentinelUrl: `${schemeOf(tls)}://127.0.0.1:${sentinelPort}` };
}

type Tls = ServersOptions['tls'];

/** Where a server listens, beside its Unix socket. */
function on(port: number, tls: Tls): string[] {
  const place = ['--bind', '127.0.0.1'];
  if (tls === undefined) return ['--port', String(port), ...place];
  const { caFile, server } = tls;
  const files = ['--tls-ca-cert-file', caFile, '--tls-cert-file', server.certFile, '--tls-key-file', server.keyFile];
  return ['--port', '0', '--tls-port', String(port), '--tls-replication', 'yes', ...place, ...files];
}

/** Arguments of redis-cli. */
function asClient(tls: Tls): string[] {
  if (tls === undefined) return [];
  const { caFile, server } = tls;
  return ['--tls', '--cacert', caFile, '--cert', server.certFile, '--key', server.keyFile];
}

const schemeOf = (tls: Tls): string => (tls === undefined ? 'redis' : 'rediss');
