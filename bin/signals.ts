/**
 * Signals of the process. This is the first thing `weft` loads, before the command line is read: a SIGHUP that comes
 * while the program is still loading must be remembered, not kill it. (What Node itself needs to reach our first line,
 * some 30 ms, is out of reach: it resets every handler to the default.)
 */

import { type EndSignal, type ExitCode, signalExitCode } from './exit-codes.js';

export class Signals {
  /** Aborts on the first SIGINT, SIGTERM or `requestStop`: end gracefully. */
  readonly stop: AbortSignal;
  readonly #controller = new AbortController();
  readonly #exit: (code: ExitCode) => void;
  #received: EndSignal | undefined;
  #hangUps = 0;
  #onHangUp: (() => void) | undefined;

  /** `exit` ends the process at once: what the second SIGINT or SIGTERM asks for. */
  constructor(exit: (code: ExitCode) => void) {
    this.#exit = exit;
    this.stop = this.#controller.signal;
    process.on('SIGHUP', this.#hangUp);
    process.on('SIGINT', this.#end);
    process.on('SIGTERM', this.#end);
  }

  /** Calls `listener` on every SIGHUP; once and soon if any came before. There is one listener. */
  onHangUp(listener: () => void): void {
    this.#onHangUp = listener;
    if (this.#hangUps > 0) queueMicrotask(listener);
  }

  requestStop(reason: string): void {
    this.#controller.abort(reason);
  }

  /** For commands that need no graceful end: gives the signals back to their defaults, one that came before included. */
  release(): void {
    process.off('SIGHUP', this.#hangUp);
    process.off('SIGINT', this.#end);
    process.off('SIGTERM', this.#end);
    if (this.#received !== undefined) this.#exit(signalExitCode(this.#received));
    else if (this.#hangUps > 0) this.#exit(signalExitCode('SIGHUP'));
  }

  readonly #hangUp = (): void => {
    this.#hangUps += 1;
    this.#onHangUp?.();
  };

  readonly #end = (signal: NodeJS.Signals): void => {
    if (this.#received !== undefined) this.#exit(signalExitCode(signal as EndSignal));
    this.#received = signal as EndSignal;
    this.#controller.abort(signal);
  };
}
