/**
 * Validates a pinglist of the version 1 form and fills in what targets leave out. A list is taken as a whole or not at
 * all: half a list would look like a network in which half of the hosts are gone.
 */

import { createHash } from 'node:crypto';
import { formatDuration, parseDuration } from '../config/durations.js';
import type { Static } from '../config/schema.js';
import type { Path } from '../config/source.js';
import type { IpTarget, Pinglist, RdmaTarget, Target } from '../target.js';
import { canonicalAddress } from './address.js';
import {
  MAX_INTERVAL_MS,
  MAX_TIMEOUT_MS,
  PinglistForm,
  RdmaTargetForm,
  TARGET_DEFAULTS,
  TcpTargetForm,
  UdpTargetForm,
} from './form.js';
import { checker } from './form-check.js';
import { IssueCollector, type PinglistSource, show } from './issues.js';
import { MAX_TARGETS, MIN_PAIR_INTERVAL_MS } from './limits.js';

const isPinglist = checker(PinglistForm);
const isUdp = checker(UdpTargetForm);
const isTcp = checker(TcpTargetForm);
const isRdma = checker(RdmaTargetForm);

type UdpForm = Static<typeof UdpTargetForm>;
type TcpForm = Static<typeof TcpTargetForm>;
type RdmaForm = Static<typeof RdmaTargetForm>;

/**
 * Returns the targets of `data`, which is not changed. A list without a revision gets one made of its content.
 * Throws PinglistError with every mistake.
 */
export function parsePinglist(data: unknown, source: PinglistSource): Pinglist {
  const issues = new IssueCollector(source);
  if (!isPinglist(data, [], issues)) return unreachable(issues);
  if (data.targets.length > MAX_TARGETS) {
    issues.add(['targets'], `${data.targets.length} targets, the limit is ${MAX_TARGETS}`);
    issues.throwIfAny();
  }
  const targets: Target[] = [];
  data.targets.forEach((form, index) => {
    const target = parseTarget(form, ['targets', index], issues);
    if (target !== undefined) targets.push(target);
  });
  if (issues.total === 0) refuseTwins(targets, issues);
  issues.throwIfAny();
  return { revision: data.revision ?? revisionOf(targets), targets };
}

/** A revision for lists that bring none: equal targets, equal revision. */
export function revisionOf(targets: readonly Target[]): string {
  return createHash('sha256').update(JSON.stringify(targets)).digest('hex').slice(0, 16);
}

function unreachable(issues: IssueCollector): never {
  issues.throwIfAny();
  throw new TypeError('a check failed without saying why');
}

function parseTarget(form: unknown, path: Path, issues: IssueCollector): Target | undefined {
  if (typeof form !== 'object' || form === null || Array.isArray(form)) {
    issues.add(path, `expected a target (an object), found ${show(form)}`);
    return undefined;
  }
  const { transport } = form as { transport?: unknown };
  if (transport === 'udp') return isUdp(form, path, issues) ? ipTarget(form, path, issues) : undefined;
  if (transport === 'tcp') return isTcp(form, path, issues) ? ipTarget(form, path, issues) : undefined;
  if (transport === 'rdma-ud') return isRdma(form, path, issues) ? rdmaTarget(form, path, issues) : undefined;
  const found = transport === undefined ? 'it is missing' : `found ${show(transport)}`;
  issues.add([...path, 'transport'], `expected "udp", "tcp" or "rdma-ud", ${found}`);
  return undefined;
}

function ipTarget(form: UdpForm | TcpForm, path: Path, issues: IssueCollector): IpTarget {
  return {
    transport: form.transport,
    ...common(form, path, issues),
    address: canonicalAddress(form.address) ?? form.address,
    port: form.port ?? TARGET_DEFAULTS.udpPort,
    plain: form.transport === 'udp' && form.plain === true,
  };
}

function rdmaTarget(form: RdmaForm, path: Path, issues: IssueCollector): RdmaTarget {
  const { gid, qpn, lid = 0, device } = form;
  return { transport: 'rdma-ud', ...common(form, path, issues), gid: gid.toLowerCase(), qpn, lid, device };
}

function common(form: UdpForm | TcpForm | RdmaForm, path: Path, issues: IssueCollector) {
  const duration = (key: 'interval' | 'timeout', defaultMs: number, atLeastMs: number, atMostMs: number): number => {
    const text = form[key];
    if (text === undefined) return defaultMs;
    const ms = parseDuration(text);
    if (ms >= atLeastMs && ms <= atMostMs) return ms;
    const range = `${formatDuration(atLeastMs)} to ${formatDuration(atMostMs)}`;
    issues.add([...path, key], `expected ${range}, found ${show(text)}`);
    return defaultMs;
  };
  return {
    dst: form.dst,
    intervalMs: duration('interval', TARGET_DEFAULTS.intervalMs, MIN_PAIR_INTERVAL_MS, MAX_INTERVAL_MS),
    timeoutMs: duration('timeout', TARGET_DEFAULTS.timeoutMs, 1, MAX_TIMEOUT_MS),
    paths: form.paths ?? TARGET_DEFAULTS.paths,
    payloadBytes: form.payload_bytes ?? TARGET_DEFAULTS.payloadBytes,
    dscp: form.dscp ?? TARGET_DEFAULTS.dscp,
    ttl: form.ttl ?? TARGET_DEFAULTS.ttl,
    mode: form.mode,
    labels: form.labels ?? {},
  };
}

/** Two targets that differ in nothing a series is told apart by would count every probe of theirs twice. */
function refuseTwins(targets: readonly Target[], issues: IssueCollector): void {
  const seen = new Map<string, number>();
  targets.forEach((target, index) => {
    const place =
      target.transport === 'rdma-ud'
        ? `${target.gid} ${target.qpn} ${target.device ?? ''}`
        : `${target.address} ${target.port}`;
    const key = `${target.transport} ${place} ${target.mode ?? ''} ${target.dst}`;
    const twin = seen.get(key);
    if (twin === undefined) seen.set(key, index);
    else issues.add(['targets', index], `the same target as targets[${twin}]`);
  });
}
