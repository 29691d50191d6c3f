/**
 * The safety limits of probing. They hold for every list whoever made it, and no configuration turns them off: a pair is
 * probed at most every 10 ms, a payload is bounded, and all probes together stay under the agent's `max_rate`. A list
 * beyond the rate is not refused; all of its intervals are stretched by one factor, so that every target is still
 * measured. Pure functions: the board applies them and says what changed.
 */

import type { Target } from '../target.js';
import { canonicalAddress } from './address.js';

export const MAX_TARGETS = 100_000;
/** Of a pinglist as text. */
export const MAX_PINGLIST_BYTES = 64 * 1024 * 1024;
/** Shortest time between two probes of a pair (one transport to one address), ms. */
export const MIN_PAIR_INTERVAL_MS = 10;
/** What a 9000-byte jumbo frame carries over IPv4 and UDP. A smaller path MTU is enforced where it is known: on sending. */
export const MAX_PAYLOAD_BYTES = 8972;

export interface LimitedTargets {
  readonly targets: readonly Target[];
  /** Probes a second that were asked for, and that are left. */
  readonly requestedRate: number;
  readonly rate: number;
  /** Factor (≥ 1) on every interval that brought the rate under `maxRate`. */
  readonly scale: number;
  /** Number of targets whose interval was raised for the sake of their pair. */
  readonly clampedIntervals: number;
  /** Number of targets whose payload was cut. */
  readonly clampedPayloads: number;
}

/** Applies all limits. `maxRate` is in probes a second. Targets that are within the limits are passed on as they are. */
export function applyLimits(targets: readonly Target[], maxRate: number): LimitedTargets {
  const stretch = pairStretch(targets);
  let clampedIntervals = 0;
  let clampedPayloads = 0;
  const clamped = targets.map((target): Target => {
    const interval = sane(target.intervalMs) * (stretch.get(pairOf(target)) ?? 1);
    const payload = Math.min(target.payloadBytes, MAX_PAYLOAD_BYTES);
    if (interval !== target.intervalMs) clampedIntervals++;
    if (payload !== target.payloadBytes) clampedPayloads++;
    return withLimits(target, interval, payload);
  });
  const pairRate = totalRate(clamped);
  const scale = Math.max(1, pairRate / maxRate);
  const scaled =
    scale === 1 ? clamped : clamped.map((target) => withLimits(target, target.intervalMs * scale, target.payloadBytes));
  return {
    targets: scaled,
    requestedRate: totalRate(targets),
    rate: totalRate(scaled),
    scale,
    clampedIntervals,
    clampedPayloads,
  };
}

/** Probes a second. `paths` does not count: the interval lies between probes of a target, whatever path they take. */
export function totalRate(targets: readonly Target[]): number {
  let perSecond = 0;
  for (const target of targets) perSecond += 1000 / sane(target.intervalMs);
  return perSecond;
}

/** Several targets may share a pair (ports of one server); they share its limit too. */
function pairOf(target: Target): string {
  const address = target.transport === 'rdma-ud' ? target.gid : target.address;
  return `${target.transport} ${canonicalAddress(address) ?? address}`;
}

/** By what factor the intervals of a pair must grow; pairs within the limit are not in the map. */
function pairStretch(targets: readonly Target[]): Map<string, number> {
  const load = new Map<string, number>();
  for (const target of targets) {
    const pair = pairOf(target);
    load.set(pair, (load.get(pair) ?? 0) + MIN_PAIR_INTERVAL_MS / sane(target.intervalMs));
  }
  for (const [pair, share] of load) if (share <= 1) load.delete(pair);
  return load;
}

/** Intervals come validated; a list made in code could still hold 0 or NaN, which must not end in an endless rate. */
function sane(intervalMs: number): number {
  return intervalMs > 0 && intervalMs < Number.POSITIVE_INFINITY ? intervalMs : MIN_PAIR_INTERVAL_MS;
}

function withLimits(target: Target, intervalMs: number, payloadBytes: number): Target {
  if (intervalMs === target.intervalMs && payloadBytes === target.payloadBytes) return target;
  return { ...target, intervalMs: wholeNs(intervalMs), payloadBytes };
}

/** Rounds up to a whole ns, what engines count in: rounding down would break a limit by a hair. */
function wholeNs(ms: number): number {
  return Math.ceil(ms * 1e6) / 1e6;
}
