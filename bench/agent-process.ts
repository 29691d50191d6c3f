/** The whole agent (weft run) as a child process with a configuration of its own, and what it costs from outside. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { loopbackAddress } from './loopback.js';
import { readUsage, type Usage } from './process-usage.js';

/** As users start it: dist/bench/ → bin/weft. */
const LAUNCHER = fileURLToPath(new URL('../../bin/weft', import.meta.url));
const START_DEADLINE_MS = 20_000;
const TEXT = 'text/plain;version=0.0.4';
/** What Prometheus asks for when native histograms are on. */
const PROTOBUF =
  'application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7,text/plain;version=0.0.4;q=0.3';

/** What the agent probes, one probe a second each: hosts on loopback that answer at `port`, or hosts of the fake verbs. */
export type AgentTargets = { readonly count: number } & (
  | { readonly transport: 'udp' | 'tcp'; readonly port: number }
  | { readonly transport: 'rdma-ud'; readonly verbs: Readonly<Record<string, string>> }
);

export interface Scrape {
  readonly ms: number;
  /** As transferred (gzip when the agent offers it). */
  readonly bytes: number;
  readonly body: string;
}

export class AgentProcess {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #url: string;

  private constructor(child: ChildProcess, folder: string, url: string) {
    this.#child = child;
    this.#folder = folder;
    this.#url = url;
  }

  static async start(targets: AgentTargets): Promise<AgentProcess> {
    const folder = await mkdtemp(join(tmpdir(), 'weft-bench-'));
    const prometheusPort = await freePort();
    await writeFile(join(folder, 'pinglist.json'), JSON.stringify(pinglist(targets)));
    await writeFile(join(folder, 'weft.yaml'), configuration(folder, prometheusPort, targets.transport));
    const env = targets.transport === 'rdma-ud' ? { ...process.env, ...targets.verbs } : process.env;
    const args = ['--pdeathsig', 'KILL', LAUNCHER, 'run', '-c', join(folder, 'weft.yaml')];
    const child = spawn('setpriv', args, { stdio: ['ignore', 'ignore', 'inherit'], env });
    const agent = new AgentProcess(child, folder, `http://127.0.0.1:${prometheusPort}/metrics`);
    await agent.#ready();
    return agent;
  }

  /** The pinglist is empty from now on; the agent finds that within some seconds. */
  async stopProbing(): Promise<void> {
    const path = join(this.#folder, 'pinglist.json');
    await writeFile(`${path}.new`, JSON.stringify({ version: 1, revision: 'none', targets: [] }));
    await rename(`${path}.new`, path);
  }

  usage(): Usage {
    if (this.#child.pid === undefined) throw new Error('the agent did not start');
    return readUsage(this.#child.pid);
  }

  async scrape(format: 'text' | 'protobuf'): Promise<Scrape> {
    const start = performance.now();
    const response = await fetch(this.#url, { headers: { accept: format === 'text' ? TEXT : PROTOBUF } });
    const body = Buffer.from(await response.arrayBuffer());
    if (!response.ok) throw new Error(`the agent answered a scrape with ${response.status}`);
    const bytes = Number(response.headers.get('content-length') ?? body.length);
    return { ms: performance.now() - start, bytes, body: body.toString(format === 'text' ? 'utf8' : 'latin1') };
  }

  async stop(): Promise<void> {
    if (!this.#ended) {
      const exited = once(this.#child, 'exit');
      this.#child.kill('SIGTERM');
      await exited;
    }
    await rm(this.#folder, { recursive: true });
  }

  get #ended(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  async #ready(): Promise<void> {
    const deadline = performance.now() + START_DEADLINE_MS;
    for (;;) {
      if (this.#ended) throw new Error(`the agent ended with ${this.#child.exitCode ?? this.#child.signalCode}`);
      if (performance.now() > deadline) throw new Error(`the agent does not answer at ${this.#url}`);
      const answer = await this.scrape('text').catch(() => undefined);
      if (answer !== undefined) return;
      await delay(50);
    }
  }
}

function pinglist(targets: AgentTargets): object {
  const list = Array.from({ length: targets.count }, (_, i) => ({
    transport: targets.transport,
    dst: `host-${i}`,
    ...addressOf(targets, i),
    interval: '1s',
    ...(targets.transport !== 'tcp' && { timeout: '500ms' }),
    labels: { tor: `t${i % 40}`, pod: `p${i % 4}` },
  }));
  return { version: 1, revision: 'bench', targets: list };
}

/** Far hosts of the fake verbs: see test/native/fake_verbs/far_hosts.h. */
function addressOf(targets: AgentTargets, i: number): object {
  if (targets.transport === 'rdma-ud') return { gid: `::ffff:10.1.${i >>> 8}.${i & 255}`, qpn: 1 };
  return { address: loopbackAddress(i), port: targets.port };
}

function configuration(folder: string, prometheusPort: number, transport: AgentTargets['transport']): string {
  const options = transport === 'rdma-ud' ? 'devices: [ fake0 ]' : 'listen: [ "127.0.0.1:0" ]';
  return `agent: { hostname: bench, log_level: warn, labels: { tor: t0, pod: p0 } }
inputs:
  pinglist: [ { file: ${join(folder, 'pinglist.json')} } ]
  ${transport}: [ { ${options} } ]
outputs:
  prometheus: [ { listen: "127.0.0.1:${prometheusPort}" } ]
`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no free port');
  return address.port;
}
