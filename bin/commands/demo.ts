/**
 * `weft demo`: a mesh of real agents on this machine. Every agent is a `weft run` of its own with its own address in
 * 127.0.0.0/8, configuration, pinglist and Prometheus endpoint; this process starts them, reads what they measure and
 * draws it.
 */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDisplay } from '../demo/display.js';
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
  /** Ends the demo by itself, ms. */
  readonly duration?: number;
  readonly json?: boolean;
}

export async function demo(options: DemoOptions, signals: Signals): Promise<ExitCode> {
  signals.onHangUp(() => signals.requestStop('SIGHUP'));
  process.stdout.once('error', () => signals.requestStop('EPIPE'));
  const directory = await mkdtemp(join(tmpdir(), 'weft-demo-'));
  try {
    const settings = {
      transports: options.transports,
      windowMs: options.interval,
      probeIntervalMs: options.probeInterval,
      probeTimeoutMs: PROBE_TIMEOUT_MS,
    };
    const fleet = await DemoFleet.create(directory, await planHosts(options.hosts, options.basePort), settings);
    return await show(fleet, options, signals.stop);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Draws every window until the demo is to end, and ends the agents. */
async function show(fleet: DemoFleet, options: DemoOptions, stop: AbortSignal): Promise<ExitCode> {
  const display = openDisplay(process.stdout, options.json === true);
  fleet.start();
  display.show(fleet.view());
  const mayGoOn = await everyWindow(options, stop, () => {
    display.show(fleet.view());
    return !fleet.failed;
  });
  await fleet.stop();
  display.close();
  if (mayGoOn) return EXIT.ok;
  process.stderr.write(`weft: no agent starts; the first one says:\n${fleet.logTail(LOG_LINES_SHOWN)}\n`);
  return EXIT.failure;
}

/** Calls `tick` on the interval until it returns false, or the demo is to end: then resolves to true. */
function everyWindow(options: DemoOptions, stop: AbortSignal, tick: () => boolean): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (mayGoOn: boolean): void => {
      clearInterval(interval);
      clearTimeout(end);
      stop.removeEventListener('abort', onStop);
      resolve(mayGoOn);
    };
    const onStop = (): void => finish(true);
    const interval = setInterval(() => tick() || finish(false), options.interval);
    const end = options.duration === undefined ? undefined : setTimeout(onStop, options.duration);
    stop.addEventListener('abort', onStop);
    if (stop.aborted) onStop();
  });
}
