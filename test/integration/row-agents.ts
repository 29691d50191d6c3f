/** Real agents whose rows are followed through the chain. */

import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { createUdpReflector, port } from '../../native/index.js';
import { startPump } from '../support/engine-pump.js';
import { tempFolder } from '../support/temp-folder.js';
import { WeftProcess } from '../support/weft-process.js';

/** `weft run` with windows of a second. */
export async function runAgent(t: TestContext, hostname: string, plugins: object): Promise<WeftProcess> {
  const agent = { hostname, window: '1s', interval: '1s', flush_interval: '200ms', labels: { tor: 't1' } };
  const process = new WeftProcess(['run', '-c', await writtenFile(t, { agent, ...plugins })]);
  t.after(() => process.destroy());
  return process;
}

export async function writtenFile(t: TestContext, content: object): Promise<string> {
  const path = join(await tempFolder(t), 'file.json');
  await writeFile(path, JSON.stringify(content));
  return path;
}

export async function reflectorPort(t: TestContext): Promise<number> {
  const options = { address: '0.0.0.0', port: 0, allowedPrefixes: [], rateLimit: 0, timestamps: 'auto' as const };
  const engine = createUdpReflector({ ...options, key: new Uint8Array() });
  const pump = startPump(engine);
  t.after(() => pump.stop());
  return port(engine);
}
