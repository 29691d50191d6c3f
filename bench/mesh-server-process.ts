/** `weft run` as the server of a mesh, listener and grid in one process, and what it costs from outside. */

import { type OwnMetric, ownMetricsOutput, readOwnMetrics } from './own-metrics.js';
import { type StartedWeft, startWeft, WeftProcess } from './weft-process.js';

/** Agents have to show one: what it costs to check counts. */
export const AGENT_TOKEN = 'token-of-the-agents-of-the-bench';

interface Urls {
  readonly listenerUrl: string;
  readonly gridUrl: string;
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
  ownMetrics(name: string): Promise<OwnMetric[]> {
    return readOwnMetrics(this.folder, name);
  }
}

/** Every option of listener and grid is the default. */
function configuration(folder: string): object {
  return {
    agent: { hostname: 'bench', log_format: 'json' },
    inputs: { 'mesh-listener': [{ listen: '127.0.0.1:0', tokens: { agent: [AGENT_TOKEN] } }] },
    outputs: {
      'mesh-grid': [{ listen: '127.0.0.1:0', namepass: ['probe'] }],
      file: [ownMetricsOutput(folder)],
    },
  };
}
