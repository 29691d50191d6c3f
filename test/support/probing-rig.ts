/** An input that probes, on a real board with real engines, and what it hands over. */

import { EventEmitter, once } from 'node:events';
import type { TestContext } from 'node:test';
import { type Clock, systemClock } from '../../core/clock.js';
import type { Metric } from '../../core/metric.js';
import { type Board, createBoard } from '../../core/pinglist/board.js';
import type { Input, PluginContext } from '../../core/plugin.js';
import type { Announced, Endpoint, Target } from '../../core/target.js';
import { TestAccumulator } from './accumulator.js';
import { settle } from './fake-clock.js';
import { MemoryLog } from './memory-log.js';
import { waitFor } from './wait-for.js';

export const SHORT_WINDOW_MS = 100;
/** No window of this length ends while a test runs. */
export const ENDLESS_WINDOW_MS = 1e12;

/** An input that was made to be started. */
type StartableInput = Required<Pick<Input, 'start' | 'gather' | 'stop'>>;

/** Tells of every metric that comes. */
class WatchedAccumulator extends TestAccumulator {
  readonly events = new EventEmitter();

  override add(metric: Metric): void {
    super.add(metric);
    this.events.emit('metric');
  }
}

export interface ProbingRig {
  readonly acc: TestAccumulator;
  readonly board: Board;
  readonly log: MemoryLog;
  /** As `begin` and `untilAnnounced`. */
  start(): Promise<void>;
  begin(): Promise<void>;
  /** Resolves when every endpoint is announced. */
  untilAnnounced(): Promise<void>;
  gather(): Promise<void>;
  stop(): Promise<void>;
  readonly endpoints: () => readonly Endpoint[];
  /** Hangs up a list with these targets. */
  publish(targets: readonly Target[]): void;
  /** Resolves with the first metric that `wanted` holds for. */
  until(wanted: (metric: Metric) => boolean): Promise<Metric>;
  /** Gathers until the engine has counted `n` of `field`. */
  gatherUntil(engine: 'prober' | 'reflector', field: string, n: number): Promise<void>;
}

/** The input is stopped when the test ends. `create` may throw what the input's constructor throws. */
export function probingRig(
  t: TestContext,
  create: (context: PluginContext) => StartableInput,
  windowMs = SHORT_WINDOW_MS,
  clock: Clock = systemClock,
): ProbingRig {
  const log = new MemoryLog();
  const board = createBoard({ log, maxRate: 10_000 });
  const agent = { hostname: 'here', labels: { tor: 't1' }, version: '0', windowMs };
  const input = create({ name: 'probing', log, clock, agent, board });
  t.after(() => input.stop());
  const acc = new WatchedAccumulator();
  const endpoints = new EventEmitter();
  let announced: Announced = { endpoints: [], isComplete: true };
  board.subscribeEndpoints((now) => {
    announced = now;
    endpoints.emit('change');
  });
  const counted = (engine: string, field: string): number =>
    acc.metrics
      .filter(({ name, tags }) => name === 'weft_engine' && tags.engine === engine)
      .reduce((sum, metric) => sum + countOf(metric, field), 0);
  const begin = async (): Promise<void> => input.start(acc, new AbortController().signal);
  const untilAnnounced = async (): Promise<void> => {
    await waitFor('all endpoints', () => announced.isComplete, { turn: () => once(endpoints, 'change') });
  };
  return {
    acc,
    board,
    log,
    async start() {
      await begin();
      await untilAnnounced();
    },
    begin,
    untilAnnounced,
    gather: async () => input.gather(acc, new AbortController().signal),
    stop: async () => input.stop(),
    endpoints: () => announced.endpoints,
    publish: (targets) => board.publish('test', { revision: '', targets }),
    async until(wanted) {
      const turn = () => once(acc.events, 'metric');
      return waitFor(`a metric: ${wanted}`, () => acc.metrics.find(wanted), {
        turn,
        seen: () => acc.metrics.slice(-10),
      });
    },
    async gatherUntil(engine, field, n) {
      const turn = async () => {
        await settle();
        await input.gather(acc, new AbortController().signal);
      };
      const seen = () => counted(engine, field);
      await waitFor(`${n} ${field} of the ${engine}`, () => counted(engine, field) >= n, { turn, seen });
    },
  };
}

/** A count of the metric; 0 when it has no such field. */
export function countOf(metric: Metric, field: string): number {
  const found = metric.fields[field];
  return found?.kind === 'count' ? found.value : 0;
}

export const isProbe = ({ name }: Metric): boolean => name === 'probe';
export const succeeded = (metric: Metric): boolean => isProbe(metric) && countOf(metric, 'success') > 0;
