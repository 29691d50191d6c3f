/** `weft run` as the server of a mesh, listener and grid in one process, and what it costs from outside. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type StartedWeft, startWeft, WeftProcess } from './weft-process.js';

/** Agents have to show one: what it costs to check counts. */
export const AGENT_TOKEN = 'token-of-the-agents-of-the-bench';

interface Urls {
  readonly listenerUrl: string;
  readonly gridUrl: string;
}

/** As outputs/file writes it, with the fields that the bench reads. */
interface OwnMetric {
  readonly name: string;
  readonly fields: Readonly<Record<string, number>>;
}

export class MeshServerProcess extends WeftProcess {
  readonly urls: Urls;

  private constructor(started: StartedWeft) {
    super(started);
    const [listenerUrl = '', gridUrl = ''] = started.urls;
    this.urls = { listenerUrl, gridUrl };
  }

  static async start(): Promise<MeshServerProcess> {
    return new MeshServerProcess(
      await startWeft({
        command: 'run',
        configure: configuration,
        serving: ['rows are taken in', 'serving the grid'],
        // As docs/grid.md says.
        env: { WEFT_HEAP: 'server' },
      }),
    );
  }

  /** What it said of itself so far, the oldest first; up to a few seconds are not written yet. */
  async ownMetrics(name: string): Promise<OwnMetric[]> {
    const lines = (await readFile(ownMetricsIn(this.folder), 'utf8')).trimEnd().split('\n');
    return lines.map((line) => JSON.parse(line) as OwnMetric).filter((metric) => metric.name === name);
  }
}

function ownMetricsIn(folder: string): string {
  return join(folder, 'own.json');
}

/** Every option of listener and grid is the default. */
function configuration(folder: string): object {
  return {
    agent: { hostname: 'bench', log_format: 'json' },
    inputs: { 'mesh-listener': [{ listen: '127.0.0.1:0', tokens: { agent: [AGENT_TOKEN] } }] },
    outputs: {
      'mesh-grid': [{ listen: '127.0.0.1:0', namepass: ['probe'] }],
      file: [{ path: ownMetricsIn(folder), namepass: ['weft_*'], flush_interval: '1s' }],
    },
  };
}
