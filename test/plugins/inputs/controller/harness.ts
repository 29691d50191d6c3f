/** The input between a board, a clock that stands still and a controller that is a real server. */

import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { Timer } from '../../../../core/clock.js';
import type { Metric } from '../../../../core/metric.js';
import { type Board, createBoard } from '../../../../core/pinglist/board.js';
import type { AgentInfo, PluginContext } from '../../../../core/plugin.js';
import { PeerError } from '../../../../plugins/common/peer/failure.js';
import type { ControllerConfig } from '../../../../plugins/inputs/controller/config.js';
import { ControllerInput } from '../../../../plugins/inputs/controller/controller.js';
import { TestAccumulator } from '../../../support/accumulator.js';
import { FakeClock, settle } from '../../../support/fake-clock.js';
import { MemoryLog } from '../../../support/memory-log.js';
import { tempFolder } from '../../../support/temp-folder.js';
import { until } from '../../../support/wait-for.js';

/** A time that nothing else waits for: timers of it are exchanges under way. */
export const TIMEOUT_MS = 9_973;
const NO_SIGNAL = new AbortController().signal;

class ExchangeClock extends FakeClock {
  exchanges = 0;

  override after(delayMs: number, callback: () => void): Timer {
    if (delayMs !== TIMEOUT_MS) return super.after(delayMs, callback);
    let isOpen = true;
    this.exchanges++;
    const close = (): void => {
      if (isOpen) this.exchanges--;
      isOpen = false;
    };
    const timer = super.after(delayMs, () => {
      close();
      callback();
    });
    return {
      cancel: () => {
        close();
        timer.cancel();
      },
    };
  }
}

export interface HarnessOptions {
  readonly config?: Partial<ControllerConfig>;
  readonly agent?: Partial<AgentInfo>;
  readonly stateFile?: string;
}

export class Harness {
  readonly clock = new ExchangeClock();
  readonly log = new MemoryLog();
  readonly acc = new TestAccumulator();
  readonly board: Board = createBoard({ log: this.log, maxRate: 10_000 });
  readonly config: ControllerConfig;
  readonly context: PluginContext;
  input: ControllerInput;

  private constructor(config: ControllerConfig, agent: Partial<AgentInfo>) {
    this.config = config;
    this.context = {
      name: 'controller',
      log: this.log,
      clock: this.clock,
      agent: { hostname: 'host-a', labels: { tor: 't1' }, version: '1.2.3', windowMs: 10_000, ...agent },
      board: this.board,
    };
    this.input = this.create();
  }

  static async make(t: TestContext, url: string | string[], options: HarnessOptions = {}): Promise<Harness> {
    let harness: Harness | undefined;
    // Before the folder goes, which may still be written to.
    t.after(() => harness?.input.stop());
    const config: ControllerConfig = {
      url,
      on_loss: 'stop',
      state_file: options.stateFile ?? join(await tempFolder(t), 'controller.state'),
      timeout: TIMEOUT_MS,
      start_spread: 2000,
      ...options.config,
    };
    harness = new Harness(config, options.agent ?? {});
    return harness;
  }

  /** Jitter and back-off in the middle of their range. */
  create(): ControllerInput {
    return new ControllerInput(this.config, this.context, () => 0.5);
  }

  start(): Promise<void> {
    return this.input.start(this.acc, NO_SIGNAL);
  }

  /** Starts, and waits for the first registration and the first fetch. */
  async connect(): Promise<void> {
    await this.start();
    await this.next();
    await this.next();
  }

  /** Runs what is due next, and waits until registering and fetching both wait for their next time. */
  async next(): Promise<void> {
    await this.clock.advance(this.clock.nextInMs ?? 0);
    await this.idle();
  }

  /** Repeats `next` until `condition` holds. */
  async nextUntil(condition: () => boolean): Promise<void> {
    await until(condition, { turn: () => this.next() });
  }

  async idle(): Promise<void> {
    await settled(() => this.clock.exchanges === 0 && this.clock.pending === 2);
  }

  /** Addresses of the UDP targets on the board. */
  get onBoard(): string[] {
    let addresses: string[] = [];
    this.board.subscribe('udp', (targets) => (addresses = targets.map(({ address }) => address)))();
    return addresses;
  }

  get reasons(): string[] {
    return this.acc.errors.map((error) => (error instanceof PeerError ? error.reason : String(error)));
  }

  /** Fields of the input's own metric, and its failures by `<request> <reason>`. */
  async figures(): Promise<{ own: Record<string, unknown>; failures: Record<string, unknown> }> {
    this.acc.metrics.length = 0;
    await this.input.gather(this.acc);
    const failures = this.acc.metrics.filter(({ name }) => name === 'weft_controller_failures');
    return {
      own: valuesOf(this.acc.metrics.find(({ name }) => name === 'weft_controller')),
      failures: Object.fromEntries(
        failures.map(({ tags, fields }) => [`${tags.request} ${tags.reason}`, fields.failures?.value]),
      ),
    };
  }
}

/** Waits for what the event loop brings about. */
export function settled(condition: () => boolean): Promise<void> {
  return until(condition, { turn: settle });
}

export function listOf(...addresses: string[]): string {
  const targets = addresses.map((address) => ({ transport: 'udp', dst: address, address }));
  return JSON.stringify({ version: 1, revision: addresses.join(), targets });
}

function valuesOf(metric: Metric | undefined): Record<string, unknown> {
  return Object.fromEntries(Object.entries(metric?.fields ?? {}).map(([key, field]) => [key, field.value]));
}
