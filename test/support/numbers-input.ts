/**
 * A plugin for agents under test: windows of probes that are numbered, so many a second, each at a time of its own. With `position`, the
 * file in which a disk buffer keeps its position, numbers go on from there: they are the buffer's sequence numbers then,
 * if the output with that buffer gets nothing else.
 */

import { readFileSync, writeSync } from 'node:fs';
import { Type } from '@sinclair/typebox';
import type { Timer } from '../../core/clock.js';
import { gauge, type Metric, text } from '../../core/metric.js';
import { type Accumulator, definePlugin, type Input, type PluginContext } from '../../core/plugin.js';

const TICK_MS = 10;
const NS_PER_S = 1_000_000_000n;
const NS_PER_MS = 1_000_000n;

const Options = Type.Object({
  per_second: Type.Integer({ minimum: 0 }),
  /** UTC of number 0, ms; default: that of the start. */
  epoch: Type.Optional(Type.Integer({ minimum: 0 })),
  /** How many there are at most. */
  total: Type.Integer({ default: Number.MAX_SAFE_INTEGER }),
  /** Characters that make a metric larger. */
  padding: Type.Integer({ default: 0 }),
  position: Type.Optional(Type.String()),
});

class Numbers implements Input {
  readonly #options: typeof Options.static;
  readonly #context: PluginContext;
  readonly #stepNs: bigint;
  #epochNs = 0n;
  #timer: Timer | undefined;
  #next = 0;

  constructor(options: typeof Options.static, context: PluginContext) {
    this.#options = options;
    this.#context = context;
    this.#stepNs = NS_PER_S / BigInt(Math.max(1, options.per_second));
  }

  /** Prints `numbers from N`: by then outputs have opened their buffers, and nothing was added to them. */
  async start(acc: Accumulator): Promise<void> {
    const { position, per_second: perSecond, total, epoch } = this.#options;
    const { clock } = this.#context;
    this.#epochNs = epoch === undefined ? clock.nowNs() : BigInt(epoch) * NS_PER_MS;
    const first = position === undefined ? 0 : endOf(position);
    this.#next = first;
    writeSync(1, `numbers from ${first}\n`);
    const startMs = clock.monotonicMs();
    const tick = (): void => {
      const due = first + Math.floor(((clock.monotonicMs() - startMs) / 1000) * perSecond);
      for (const end = Math.min(total, due); this.#next < end; this.#next += 1) acc.add(this.#metric(this.#next));
      if (this.#next < total) this.#timer = clock.after(TICK_MS, tick);
    };
    tick();
  }

  async stop(): Promise<void> {
    this.#timer?.cancel();
  }

  #metric(n: number): Metric {
    const { padding } = this.#options;
    const fields = { v: gauge(n), ...(padding > 0 && { padding: text('x'.repeat(padding)) }) };
    const timeNs = this.#epochNs + BigInt(n) * this.#stepNs;
    return { name: 'probe', tags: { transport: 'udp', src: 'host-a', dst: `host-${n % 100}` }, fields, timeNs };
  }
}

/** The sequence number after the last metric that is on the disk (core/pipeline/disk/position-file.ts). */
export function endOf(position: string): number {
  const bytes = readFileSync(position);
  return bytes.length === 0 ? 0 : Number(bytes.readBigUInt64BE(8));
}

export default definePlugin({
  kind: 'input',
  id: 'numbers',
  description: 'Metrics that are numbered.',
  config: Options,
  sample: '- per_second: 1000\n',
  create: (config, context) => new Numbers(config, context),
});
