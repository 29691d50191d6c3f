/** A disk log, what it said of metrics that it no longer has, and metrics that are called by their number. */

import assert from 'node:assert/strict';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from '../../../../core/metric.js';
import { DiskLog } from '../../../../core/pipeline/disk/disk-log.js';
import { metricOf } from '../../../support/fake-output.js';

export const MAX_BYTES = 64 * 1024;

export class Rig {
  lost = 0;
  unread = 0;
  errors: unknown[] = [];
  log!: DiskLog;

  constructor(
    readonly folder: string,
    readonly maxBytes = MAX_BYTES,
  ) {}

  async open(): Promise<this> {
    const log = await DiskLog.open({
      folder: this.folder,
      maxBytes: this.maxBytes,
      onLost: (count) => {
        this.lost += count;
      },
      onEvicted: (_, unread) => {
        this.unread += unread;
      },
      onError: (error) => this.errors.push(error),
    });
    assert.ok(log, 'the folder is in use');
    this.log = log;
    return this;
  }

  /** Everything that is not read yet, by name. */
  async readAll(): Promise<string[]> {
    const names: string[] = [];
    for (let run = await this.log.read(); run !== undefined; run = await this.log.read())
      names.push(...run.metrics.map(({ name }) => name));
    return names;
  }

  async segments(): Promise<string[]> {
    return (await readdir(this.folder)).filter((name) => name.endsWith('.seg')).sort();
  }

  async used(): Promise<number> {
    let bytes = 4096;
    for (const name of await readdir(this.folder))
      bytes += Math.ceil((await stat(join(this.folder, name))).size / 4096) * 4096;
    return bytes;
  }
}

export const numbered = (from: number, to: number, size = 0) =>
  Array.from({ length: to - from }, (_, i) => ({
    ...metricOf(String(from + i)),
    fields: { text: text('x'.repeat(size)) },
  }));
export const names = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, i) => String(from + i));
