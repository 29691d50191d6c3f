/**
 * The process that lasts: the agent, and whatever else the command runs beside it, until it is told to stop.
 *
 * What a plugin throws ends in its running wrapper and never gets here. What does get here came from a callback that
 * nobody called for: a promise that a plugin forgot leaves nothing half done, so a rejection is logged and the agent
 * goes on; after an uncaught exception the state of the process is unknown, so the agent stops as well as it can and
 * exits with 1, for the service manager to start it again.
 */

import { once } from 'node:events';
import { systemClock } from '../core/clock.js';
import type { Config } from '../core/config/types.js';
import { ConfigError, describeError } from '../core/errors.js';
import { createLogger, type RootLogger } from '../core/log.js';
import { createBoard } from '../core/pinglist/board.js';
import { Agent } from '../core/pipeline/agent.js';
import type { ConfigSource } from './config.js';
import { ConfigWatcher } from './config-watcher.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { Reloader } from './reloader.js';
import type { Signals } from './signals.js';
import { startTracing } from './tracing.js';
import { VERSION } from './version.js';

export interface DaemonOptions extends ConfigSource {
  readonly watchConfig?: boolean;
  readonly exitWithParent?: boolean;
}

/** Runs beside the agent: starts before it and stops after it. */
export interface Companion {
  /** Throws ConfigError or StartupError. */
  start(signal: AbortSignal): Promise<void>;
  /** Throws ConfigError or StartupError, and then it goes on as it was. */
  reload(config: Config): Promise<void>;
  /** Legal without start, and twice. */
  stop(): Promise<void>;
}

export interface Daemon {
  /** Throws ConfigError. */
  load(): Promise<Config>;
  /** Throws ConfigError. */
  companion?(config: Config, log: RootLogger): Promise<Companion>;
}

/** The longest a timer can be: keeps the process alive while it only waits. */
const FOREVER_MS = 2 ** 31 - 1;

export async function runDaemon(options: DaemonOptions, signals: Signals, daemon: Daemon): Promise<ExitCode> {
  if (options.exitWithParent === true) stopAtEndOfInput(signals);
  const watcher = options.watchConfig === true ? await ConfigWatcher.open(options, systemClock) : undefined;
  const config = await daemon.load();
  const log = await createLogger({ level: config.agent.log_level, format: config.agent.log_format });
  const faults = watchForFaults(log, signals);
  const tracing = await startTracing(config, process.env, log);
  const board = createBoard({ log, maxRate: config.agent.max_rate });
  const agent = new Agent({ config, log, clock: systemClock, version: VERSION, board, tracer: tracing?.tracer });
  const companion = await daemon.companion?.(config, log);
  const keepAlive = setInterval(() => {}, FOREVER_MS);
  const stopped = signals.stop.aborted ? Promise.resolve() : once(signals.stop, 'abort');
  const start = async (): Promise<void> => {
    await companion?.start(signals.stop);
    if (!signals.stop.aborted) await agent.start();
  };
  try {
    await Promise.race([stopped, start()]);
    if (!signals.stop.aborted) log.info({ version: VERSION, config: options.config, pid: process.pid }, 'running');
    const reloader = new Reloader({
      load: daemon.load,
      apply: async (next) => {
        // Not once the agent is stopping: a reload would be refused, and be reported as a failure.
        if (signals.stop.aborted) return;
        await companion?.reload(next);
        await agent.reload(next);
        board.setMaxRate(next.agent.max_rate);
      },
      log,
    });
    signals.onHangUp(() => reloader.request('SIGHUP'));
    await watcher?.start({
      onChange: () => reloader.request('the configuration changed'),
      onError: (error) => log.error({ error: error.message }, 'cannot watch the configuration; SIGHUP still reloads'),
    });
    await stopped;
    log.info({ reason: signals.stop.reason }, 'stopping');
  } catch (error) {
    if (error instanceof ConfigError) throw error;
    log.error({ error: describeError(error) }, 'the agent cannot start');
    return EXIT.failure;
  } finally {
    watcher?.close();
    await agent.stop();
    await companion?.stop();
    await tracing?.stop();
    clearInterval(keepAlive);
  }
  return faults.uncaught ? EXIT.failure : EXIT.ok;
}

/** The parent holds the other end of our standard input, and the kernel closes it when the parent ends, however it ends. */
function stopAtEndOfInput(signals: Signals): void {
  const stop = (): void => signals.requestStop('standard input closed');
  process.stdin.on('end', stop).on('error', stop).resume();
}

function watchForFaults(log: RootLogger, signals: Signals): { readonly uncaught: boolean } {
  const faults = { uncaught: false };
  process.on('unhandledRejection', (reason) => {
    log.error({ error: describeError(reason), stack: stackOf(reason) }, 'a rejected promise was not handled');
  });
  process.on('uncaughtException', (error) => {
    log.error({ error: describeError(error), stack: error.stack }, 'an exception was not caught; stopping');
    faults.uncaught = true;
    signals.requestStop('uncaught exception');
  });
  return faults;
}

function stackOf(reason: unknown): string | undefined {
  return reason instanceof Error ? reason.stack : undefined;
}
