/**
 * One process of the demo: a real `weft run` or `weft controller`, started again when it ends. Its metrics come as JSON
 * lines on its standard output, its log goes to a file. It lives no longer than the demo: its standard input is a pipe
 * from here, and it stops when that closes, which the kernel does even if the demo is killed.
 */

import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const PROGRAM = fileURLToPath(new URL('../weft.js', import.meta.url));
const STOP_TIMEOUT_MS = 6000;
const RESTART_DELAY_MS = 1000;
/** A process that ends this often without having written a metric will not start at all. */
const MAX_FAILED_STARTS = 3;

export type ProcessState = 'starting' | 'up' | 'restarting' | 'failed' | 'stopped';

export interface ProcessPlan {
  /** Of weft, with its options. */
  readonly command: readonly string[];
  readonly configFile: string;
  readonly logFile: string;
}

export class SupervisedProcess {
  state: ProcessState = 'starting';
  /** How often it ended although nobody asked it to. */
  deaths = 0;
  /** Why it ended last: `exit code 1`, `signal SIGKILL`. */
  lastDeath: string | undefined;
  readonly #plan: ProcessPlan;
  readonly #onMetric: (line: string) => void;
  #child: ChildProcess | undefined;
  #restart: NodeJS.Timeout | undefined;
  #failedStarts = 0;

  constructor(plan: ProcessPlan, onMetric: (line: string) => void) {
    this.#plan = plan;
    this.#onMetric = onMetric;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  start(): void {
    this.state = 'starting';
    const { command, configFile, logFile } = this.#plan;
    const log = openSync(logFile, 'a');
    const args = [...process.execArgv, PROGRAM, ...command, '-c', configFile, '--exit-with-parent'];
    const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', log] });
    closeSync(log);
    this.#child = child;
    // A child that is gone closes its end of both pipes; that it ended is told by 'exit'.
    child.stdin?.on('error', () => {});
    child.once('error', (error) => this.#ended(error.message));
    child.once('exit', (code, signal) => this.#ended(signal === null ? `exit code ${code}` : `signal ${signal}`));
    if (child.stdout === null) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (this.state === 'stopped') return;
      this.state = 'up';
      this.#failedStarts = 0;
      this.#onMetric(line);
    });
  }

  /** Ends the process: gracefully, and by force when that takes too long. */
  async stop(): Promise<void> {
    this.state = 'stopped';
    clearTimeout(this.#restart);
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const kill = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT_MS);
    const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    child.stdin?.end();
    // It may have been stopped by hand, to see what the others make of it.
    child.kill('SIGCONT');
    await exited;
    clearTimeout(kill);
  }

  /** The end of its log, for when it does not start. */
  logTail(lines: number): string {
    return readFileSync(this.#plan.logFile, 'utf8').trimEnd().split('\n').slice(-lines).join('\n');
  }

  #ended(how: string): void {
    if (this.state !== 'starting' && this.state !== 'up') return;
    this.deaths += 1;
    this.lastDeath = how;
    this.#failedStarts = this.state === 'up' ? 0 : this.#failedStarts + 1;
    if (this.#failedStarts >= MAX_FAILED_STARTS) {
      this.state = 'failed';
      return;
    }
    this.state = 'restarting';
    this.#restart = setTimeout(() => this.start(), RESTART_DELAY_MS);
  }
}
