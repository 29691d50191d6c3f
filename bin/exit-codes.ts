/** What `weft` exits with. docs/cli.md explains the codes to users; nothing else in the program may invent one. */

export const EXIT = {
  /** Done, or stopped as asked by SIGINT or SIGTERM. */
  ok: 0,
  /** It was tried and failed: a plugin did not start, a metric was not written, no probe was answered. */
  failure: 1,
  /** Nothing was tried: wrong command line or configuration. */
  usage: 2,
} as const;

export type ExitCode = number;

const FIRST_SIGNAL_CODE = 128;
const SIGNAL_NUMBERS = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

export type EndSignal = keyof typeof SIGNAL_NUMBERS;

/** The shell's code for a process that a signal ended: 130 for SIGINT, 143 for SIGTERM. */
export function signalExitCode(signal: EndSignal): ExitCode {
  return FIRST_SIGNAL_CODE + SIGNAL_NUMBERS[signal];
}
