/** The whole agent (weft run) as a child process with a configuration of its own, and what it costs from outside. */

import { rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { loopbackAddress } from './loopback.js';
import { type StartedWeft, startWeft, WeftProcess } from './weft-process.js';

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

export class AgentProcess extends WeftProcess {
  /** Of its metrics. */
  readonly #url: string;

  private constructor(started: StartedWeft) {
    super(started);
    [this.#url = ''] = started.urls;
  }

  static async start(targets: AgentTargets): Promise<AgentProcess> {
    const configure = async (folder: string): Promise<object> => {
      await writeFile(pinglistIn(folder), JSON.stringify(pinglist(targets)));
      return configuration(folder, targets.transport);
    };
    const env = targets.transport === 'rdma-ud' ? targets.verbs : {};
    return new AgentProcess(await startWeft({ command: 'run', configure, serving: ['serving metrics'], env }));
  }

  /** The pinglist is empty from now on; the agent finds that within some seconds. */
  async stopProbing(): Promise<void> {
    const path = pinglistIn(this.folder);
    await writeFile(`${path}.new`, JSON.stringify({ version: 1, revision: 'none', targets: [] }));
    await rename(`${path}.new`, path);
  }

  async scrape(format: 'text' | 'protobuf'): Promise<Scrape> {
    const start = performance.now();
    const response = await fetch(this.#url, { headers: { accept: format === 'text' ? TEXT : PROTOBUF } });
    const body = Buffer.from(await response.arrayBuffer());
    if (!response.ok) throw new Error(`the agent answered a scrape with ${response.status}`);
    const bytes = Number(response.headers.get('content-length') ?? body.length);
    return { ms: performance.now() - start, bytes, body: body.toString(format === 'text' ? 'utf8' : 'latin1') };
  }
}

function pinglistIn(folder: string): string {
  return join(folder, 'pinglist.json');
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

function configuration(folder: string, transport: AgentTargets['transport']): object {
  return {
    agent: { hostname: 'bench', log_format: 'json', labels: { tor: 't0', pod: 'p0' } },
    inputs: {
      pinglist: [{ file: pinglistIn(folder) }],
      [transport]: [transport === 'rdma-ud' ? { devices: ['fake0'] } : { listen: ['127.0.0.1:0'] }],
    },
    outputs: { prometheus: [{ listen: '127.0.0.1:0' }] },
  };
}
