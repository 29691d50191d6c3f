/**
 * `weft demo --fault`: what is wrong with one host, made by the options `fault_…` of its reflectors. What others probe of
 * it is bad then, what it probes itself is good: a red column of the grid.
 */

import { InvalidArgumentError } from 'commander';
import { formatDuration, parseDuration } from '../../core/config/durations.js';
import { WeftError } from '../../core/errors.js';
import type { DemoTransport } from './transports.js';

/** `delay`: of the network before it; `busy`: of the host itself. */
export type FaultKind = 'loss' | 'delay' | 'busy';

export interface DemoFault {
  readonly kind: FaultKind;
  /** Name of the host. */
  readonly host: string;
  /** Of `loss` a share, else ms. */
  readonly amount: number;
}

/** Every window of every pair has some of it, and in both transports. */
export const DEFAULT_FAULT = 'loss:host-3:30%';
/** Probes are lost that take longer than the demo waits for them. */
const MAX_DELAY_MS = 200;
const FORM = /^(loss):([^:]+):(\d+(?:\.\d+)?)%$|^(delay|busy):([^:]+):([^:%]+)$/;

/** For commander: `loss:HOST:10%`, `delay:HOST:5ms` or `busy:HOST:5ms`. */
export function faultArgument(text: string): DemoFault {
  const [, loss, lossHost = '', percent, slow, slowHost = '', delay = ''] = FORM.exec(text) ?? [];
  if (loss !== undefined) {
    const share = Number(percent) / 100;
    if (share > 0 && share <= 1) return { kind: 'loss', host: lossHost, amount: share };
  } else if (slow === 'delay' || slow === 'busy') {
    const ms = delayOf(delay);
    if (ms > 0 && ms <= MAX_DELAY_MS) return { kind: slow, host: slowHost, amount: ms };
  }
  throw new InvalidArgumentError(
    `Expected loss:HOST:10% (above 0%, at most 100%), delay:HOST:5ms or busy:HOST:5ms (at most ${formatDuration(MAX_DELAY_MS)}).`,
  );
}

/** NaN when it is no duration. */
function delayOf(text: string): number {
  try {
    return parseDuration(text);
  } catch {
    return Number.NaN;
  }
}

/** Throws WeftError WEFT_USAGE when the demo has no such host, or nothing to show the fault with. */
export function checkFault({ kind, host }: DemoFault, hosts: number, transports: readonly DemoTransport[]): void {
  if (!Array.from({ length: hosts }, (_, i) => `host-${i + 1}`).includes(host)) {
    throw new WeftError('WEFT_USAGE', `--fault: there is no "${host}"; the hosts are host-1 to host-${hosts}`);
  }
  if (kind !== 'loss' && !transports.includes('udp')) {
    throw new WeftError(
      'WEFT_USAGE',
      `--fault: ${kind} needs the transport udp: TCP is answered by the kernel, which no reflector can hold up`,
    );
  }
}

/** Options of the input of `transport` on the host at fault. */
export function faultOptions({ kind, amount }: DemoFault, transport: DemoTransport): object {
  if (kind === 'loss') return { fault_loss: amount };
  if (transport !== 'udp') return {};
  const delay = formatDuration(amount);
  return kind === 'delay' ? { fault_network_delay: delay } : { fault_responder_delay: delay };
}

/** In words: what is wrong with which host. */
export function describeFault({ kind, host, amount }: DemoFault): string {
  if (kind === 'loss') return `${host} loses ${Number((amount * 100).toFixed(3))}% of the probes that come to it`;
  const delay = formatDuration(amount);
  return kind === 'delay'
    ? `the network before ${host} is ${delay} slow, over UDP`
    : `${host} takes ${delay} to answer, over UDP; its network is well`;
}

/** What to ask the grid for, to see it. */
export function faultQuery({ kind }: DemoFault): string {
  if (kind === 'loss') return '/v1/worst?level=host&transport=udp&stat=loss';
  return `/v1/worst?level=host&transport=udp&delay=${kind === 'delay' ? 'network_rtt' : 'responder_delay'}`;
}
