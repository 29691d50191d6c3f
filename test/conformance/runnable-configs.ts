/**
 * For each plugin a configuration with which it runs on any machine: free ports, files in `folder`. Every registered
 * plugin has one, so that the conformance suite can start it.
 */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { acceptingRedis } from '../support/accepting-redis.js';
import { acceptingServer } from '../support/accepting-server.js';
import { buildFakeVerbs } from '../support/fake-verbs.js';

/** `<kind>/<id>` → the options, as users write them. */
export async function runnableConfigs(folder: string): Promise<Readonly<Record<string, object>>> {
  const pinglist = join(folder, 'pinglist.json');
  await writeFile(pinglist, '{ "version": 1, "targets": [] }');
  // In place of libibverbs, which has no device here; it is loaded with the first input that starts.
  process.env.WEFT_LIBIBVERBS ??= await buildFakeVerbs();
  return {
    // Nobody answers there, and nobody is asked before the test is over.
    'input/controller': {
      url: 'http://controller.invalid:20118',
      state_file: join(folder, 'controller.state'),
      start_spread: '1h',
    },
    'input/mesh-listener': { listen: '127.0.0.1:0' },
    'input/pinglist': { file: pinglist },
    'input/rdma-ud': { devices: ['fake0'] },
    'input/tcp': { listen: '127.0.0.1:0' },
    'input/udp': { listen: '127.0.0.1:0' },
    'output/file': { path: join(folder, 'metrics.json') },
    'output/influxdb': { url: await acceptingServer(), version: 1, database: 'weft' },
    'output/mesh-grid': { listen: '127.0.0.1:0' },
    'output/otlp': { endpoint: await acceptingServer() },
    'output/prometheus': { listen: '127.0.0.1:0' },
    'output/redis': { url: await acceptingRedis() },
  };
}
