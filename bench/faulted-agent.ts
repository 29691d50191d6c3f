/** `weft run` with the outputs of the fault run, each of which is sent the same numbers, and what it says of them. */

import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type OwnMetric, ownMetricsOutput, readOwnMetrics } from './own-metrics.js';
import { type StartedWeft, startWeft, WeftProcess } from './weft-process.js';

const NUMBERS = fileURLToPath(new URL('../test/support/numbers-input.js', import.meta.url));
/** Apart from each other, so that the age of what waits is looked at in every phase of a flush. */
const FLUSH_INTERVAL = '700ms';
const LOOK_INTERVAL = '500ms';

export interface OutputPlan {
  readonly name: string;
  readonly plugin: 'influxdb' | 'otlp' | 'redis';
  readonly options: object;
  /** Metrics in memory; undefined: they wait on the disk, which has room for all of them. */
  readonly bufferLimit?: number;
}

export interface AgentPlan {
  readonly outputs: readonly OutputPlan[];
  readonly perSecond: number;
  readonly total: number;
}

/** What an output has counted so far. */
export interface OutputCounts {
  readonly added: number;
  readonly written: number;
  readonly dropped: number;
  readonly rejected: number;
  /** What waits now. */
  readonly waiting: number;
}

export class FaultedAgent extends WeftProcess {
  /** Resolves when it sends. */
  static async start(plan: AgentPlan): Promise<FaultedAgent> {
    return new FaultedAgent(
      await startWeft({
        command: 'run',
        configure: (folder) => configuration(folder, plan),
        serving: ['sending metrics over OTLP'],
        isTroubled: true,
      }),
    );
  }

  private constructor(started: StartedWeft) {
    super(started);
  }

  /** Of all outputs, the oldest first. */
  async looks(): Promise<OwnMetric[]> {
    const looks = await readOwnMetrics(this.folder, 'weft_output');
    return looks.filter(({ tags }) => tags.reason === undefined);
  }
}

export function countsOf(looks: readonly OwnMetric[], output: string): OutputCounts {
  const own = looks.filter(({ tags }) => tags.output === output);
  const sum = (field: string): number => own.reduce((all, { fields }) => all + (fields[field] ?? 0), 0);
  const [added = 0, written = 0, dropped = 0, rejected = 0] = ['added', 'written', 'dropped', 'rejected'].map((what) =>
    sum(`metrics_${what}`),
  );
  return { added, written, dropped, rejected, waiting: own.at(-1)?.fields.buffer_size ?? 0 };
}

function configuration(folder: string, { outputs, perSecond, total }: AgentPlan): object {
  const own = { alias: 'own', ...ownMetricsOutput(folder) };
  const instances = (plugin: OutputPlan['plugin']): object[] =>
    outputs.filter((output) => output.plugin === plugin).map((output) => instance(folder, output));
  return {
    plugins: [NUMBERS],
    agent: { hostname: 'bench', log_format: 'json', interval: LOOK_INTERVAL, flush_interval: FLUSH_INTERVAL },
    inputs: { numbers: [{ per_second: perSecond, total }] },
    outputs: { influxdb: instances('influxdb'), otlp: instances('otlp'), redis: instances('redis'), file: [own] },
  };
}

function instance(folder: string, { name, options, bufferLimit }: OutputPlan): object {
  const disk = { buffer: { type: 'disk', directory: join(folder, name) } };
  const room = bufferLimit === undefined ? disk : { metric_buffer_limit: bufferLimit };
  return { alias: name, namepass: ['probe'], ...options, ...room };
}
