/** Appends metrics to a file or prints them, one line each. */

import type { Writable } from 'node:stream';
import { PartialWriteError, StartupError } from '../../../core/errors.js';
import { isEndOfSeries, type Metric } from '../../../core/metric.js';
import type { Output, PluginContext } from '../../../core/plugin.js';
import { lineProtocol } from '../../common/line-protocol.js';
import { pingweaveLine } from '../../common/pingweave-line.js';
import type { FileConfig } from './config.js';
import { jsonLine } from './json.js';
import { RotatingFile } from './rotating-file.js';
import { StandardOutput } from './standard-output.js';

/** Where lines go. `append` takes all of the text or rejects. */
interface Sink {
  open(): Promise<void>;
  append(text: string): Promise<void>;
  close(): Promise<void>;
}

export class FileOutput implements Output {
  readonly #config: FileConfig;
  readonly #sink: Sink;
  readonly #format: (metric: Metric) => string | undefined;

  constructor(config: FileConfig, context: PluginContext, stdout: Writable = process.stdout) {
    this.#config = config;
    const rotation = {
      intervalMs: config.rotation_interval,
      maxBytes: config.rotation_max_size,
      maxArchives: config.rotation_max_archives,
    };
    const printed = config.path === 'stdout' || config.path === '-';
    this.#sink = printed ? new StandardOutput(stdout) : new RotatingFile(config.path, rotation, context.clock);
    const { windowMs } = context.agent;
    this.#format = { json: jsonLine, line: lineProtocol, csv: (metric: Metric) => pingweaveLine(metric, windowMs) }[
      config.format
    ];
  }

  /** Rejects with a retryable StartupError: the directory may come, the permission may be granted. */
  async connect(): Promise<void> {
    try {
      await this.#sink.open();
    } catch (cause) {
      throw new StartupError(
        `cannot append to ${this.#config.path}: the directory must exist and be writable for the user weft runs as`,
        { retryable: true, cause },
      );
    }
  }

  async write(batch: readonly Metric[]): Promise<void> {
    const accepted: number[] = [];
    const rejected: number[] = [];
    let text = '';
    for (const [index, metric] of batch.entries()) {
      const line = isEndOfSeries(metric) ? '' : this.#format(metric);
      if (line !== undefined && line !== '') text += `${line}\n`;
      (line === undefined ? rejected : accepted).push(index);
    }
    if (text !== '') await this.#sink.append(text);
    if (rejected.length > 0) throw this.#refusal(batch, accepted, rejected);
  }

  async close(): Promise<void> {
    await this.#sink.close();
  }

  #refusal(batch: readonly Metric[], accepted: number[], rejected: number[]): PartialWriteError {
    const names = [...new Set(rejected.map((index) => batch[index]?.name))].join(', ');
    const remedy = this.#config.format === 'csv' ? 'set `namepass: [probe]`' : 'they have no field that can be written';
    return new PartialWriteError(
      `${rejected.length} metrics (${names}) have no form in ${this.#config.format}; ${remedy}`,
      {
        accepted,
        rejected,
        retry: false,
      },
    );
  }
}
