/**
 * `weft demo`: a controller, a mesh of real agents and their grid on this machine. The controller is a `weft controller`;
 * every agent is a `weft run` of its own with its own address in 127.0.0.0/8, configuration and Prometheus endpoint, gets
 * its pinglist from the controller and pushes its rows to one more `weft run`, which serves the grid. This process starts
 * them, reads what they measure and draws it.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDisplay } from '../demo/display.js';
import { checkFault, type DemoFault } from '../demo/fault.js';
import { DemoFleet } from '../demo/fleet.js';
import { planHosts } from '../demo/plan.js';
import type { DemoTransport } from '../demo/transports.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import type { Signals } from '../signals.js';

/** For TCP, too: the first SYN that is lost shows, as it is sent again only after a second. */
const PROBE_TIMEOUT_MS = 250;
const LOG_LINES_SHOWN = 5;

export interface DemoOptions {
  readonly hosts: number;
  readonly transports: readonly DemoTransport[];
  /** Length of a window and time between two drawings, ms. */
  readonly interval: number;
  readonly probeInterval: number;
  readonly basePort: number;
  readonly fault?: DemoFault;
  /** Ends the demo by itself, ms. */
  readonly duration?: number;
  readonly json?: boolean;
}

/** Throws WeftError WEFT_USAGE. */
export async function demo(options: DemoOptions, signals: Signals): Promise<ExitCode> {
  if (options.fault !== undefined) checkFault(options.fault, options.hosts, options.transports);
  signals.onHangUp(() => signals.requestStop('SIGHUP'));
  process.stdout.once('error', () => signals.requestStop('EPIPE'));
  const directory = await mkdtemp(join(tmpdir(), 'weft-demo-'));
  try {
    const settings = {
      transports: options.transports,
      windowMs: options.interval,
      probeIntervalMs: options.probeInterval,
      probeTimeoutMs: PROBE_TIMEOUT_MS,
      fault: options.fault,
    };
    const fleet = await DemoFleet.create(directory, await planHosts(options.hosts, options.basePort), settings);
    return await show(fleet, options, signals.stop);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Draws every window until the demo is to end, and ends its processes. */
async function show(fleet: DemoFleet, options: DemoOptions, stop: AbortSignal): Promise<ExitCode> {
  const display = openDisplay(process.stdout, options.json === true);
  fleet.start();
  display.show(fleet.view());
  await everyWindow(options, stop, () => {
    display.show(fleet.view());
    return fleet.failure(LOG_LINES_SHOWN) === undefined;
  });
  const failure = fleet.failure(LOG_LINES_SHOWN);
  await fleet.stop();
  display.close();
  if (failure === undefined) return EXIT.ok;
  process.stderr.write(`weft: ${failure}\n`);
  return EXIT.failure;
}

/** Calls `tick` on the interval until it returns false or the demo is to end. */
function everyWindow(options: DemoOptions, stop: AbortSignal, tick: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const finish = (): void => {
      clearInterval(interval);
      clearTimeout(end);
      stop.removeEventListener('abort', finish);
      resolve();
    };
    const interval = setInterval(() => tick() || finish(), options.interval);
    const end = options.duration === undefined ? undefined : setTimeout(finish, options.duration);
    stop.addEventListener('abort', finish);
    if (stop.aborted) finish();
  });
}
