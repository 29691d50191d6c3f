/** Real Redis servers that are a cluster, or that a sentinel looks after. They end with the test. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { freePort, RedisServer, redisCli } from './redis-server.js';
import { tempFolder } from './temp-folder.js';

const POLL_MS = 10;

/** The runner's timeout ends a wait that never does. */
export async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, POLL_MS));
}

export interface RedisCluster {
  /** The masters first. */
  readonly servers: readonly RedisServer[];
  readonly urls: string[];
}

const on = (port: number): string[] => ['--port', String(port), '--bind', '127.0.0.1'];

/** Three masters with a third of the slots each; `replicas` of each. `args` of all. */
export async function startCluster(t: TestContext, replicas = 0, args: readonly string[] = []): Promise<RedisCluster> {
  const servers: RedisServer[] = [];
  const ports: number[] = [];
  for (let i = 0; i < 3 * (1 + replicas); i += 1) {
    const port = await freePort();
    // The bus port is beyond the range when it is port + 10 000, which it is unless told.
    const bus = await freePort();
    const cluster = ['--cluster-enabled', 'yes', '--cluster-port', String(bus), '--cluster-node-timeout', '2000'];
    servers.push(await RedisServer.start(t, [...on(port), ...cluster, ...args]));
    ports.push(port);
  }
  const nodes = ports.map((port) => `127.0.0.1:${port}`);
  await redisCli('--cluster', 'create', ...nodes, '--cluster-replicas', String(replicas), '--cluster-yes');
  await until(async () => {
    const states = await Promise.all(servers.map((server) => server.cli('CLUSTER', 'INFO')));
    return states.every((state) => state.includes('cluster_state:ok'));
  });
  if (replicas > 0) await until(async () => (await links(servers)) === 3 * replicas);
  return { servers, urls: nodes.map((node) => `redis://${node}`) };
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

/** A master called `name`, a replica, and a sentinel that fails over by itself. `args` of both servers. */
export async function startWatched(t: TestContext, name: string, args: readonly string[] = []): Promise<WatchedRedis> {
  const [masterPort, replicaPort, sentinelPort] = [await freePort(), await freePort(), await freePort()];
  const master = await RedisServer.start(t, [...on(masterPort), ...args]);
  const replica = await RedisServer.start(t, [
    ...on(replicaPort),
    '--replicaof',
    '127.0.0.1',
    String(masterPort),
    ...args,
  ]);
  await until(async () => (await links([replica])) === 1);
  const file = join(await tempFolder(t), 'sentinel.conf');
  const watch = [
    `sentinel monitor ${name} 127.0.0.1 ${masterPort} 1`,
    `sentinel down-after-milliseconds ${name} 1000`,
    `sentinel failover-timeout ${name} 2000`,
  ];
  await writeFile(file, watch.join('\n'));
  await RedisServer.start(t, on(sentinelPort), file);
  const asked = ['-p', String(sentinelPort), 'SENTINEL', 'REPLICAS', name];
  await until(async () => (await redisCli(...asked)).includes(`:${replicaPort}`));
  return { master, replica, sentinelUrl: `redis://127.0.0.1:${sentinelPort}` };
}
