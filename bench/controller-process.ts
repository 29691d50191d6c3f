/** The controller (weft controller) as a child process with the embedded store, and the plan that weft makes of its file. */

import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { configIn, LAUNCHER, type StartedWeft, startWeft, WeftProcess } from './weft-process.js';

/** Agents have to show one: what it costs to check counts. */
export const AGENT_TOKEN = 'token-of-the-agents-of-the-bench';

/** What `weft controller plan --json` says, as far as the bench compares it. */
export interface PlanFigures {
  readonly targets: PlanShare;
  readonly probes_per_second: PlanShare;
}

export interface PlanShare {
  readonly min: number;
  readonly mean: number;
  readonly max: number;
  readonly total: number;
}

export class ControllerProcess extends WeftProcess {
  /** Of its API. */
  readonly url: string;

  private constructor(started: StartedWeft) {
    super(started);
    [this.url = ''] = started.urls;
  }

  static async start(policies: readonly object[]): Promise<ControllerProcess> {
    const configure = (folder: string): object => configuration(folder, policies);
    return new ControllerProcess(
      await startWeft({ command: 'controller', configure, serving: ['the controller serves'] }),
    );
  }

  /** `weft controller plan` for the file that this controller runs by. */
  async plan(agents: number): Promise<{ readonly figures: PlanFigures; readonly seconds: number }> {
    const start = performance.now();
    const args = ['controller', 'plan', '-c', configIn(this.folder), '--agents', String(agents), '--json'];
    const { stdout } = await promisify(execFile)(LAUNCHER, args);
    return { figures: JSON.parse(stdout), seconds: (performance.now() - start) / 1000 };
  }
}

function configuration(folder: string, policies: readonly object[]): object {
  return {
    agent: { hostname: 'bench', log_format: 'json' },
    controller: {
      listen: '127.0.0.1:0',
      tokens: { agent: [AGENT_TOKEN] },
      store: { type: 'memory', snapshot: join(folder, 'registry') },
      policies,
    },
  };
}
