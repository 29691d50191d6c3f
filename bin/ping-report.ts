/** What `weft ping` prints: columns for people, JSON lines for scripts (durations in ns). */

import { getSystemErrorName } from 'node:util';
import { formatDuration } from '../core/config/durations.js';
import type { Distribution } from '../core/distribution.js';
import type { PingReply } from '../plugins/inputs/udp/ping.js';
import { formatLoss, formatNs } from './figures.js';

export interface PingTarget {
  /** As the user named it. */
  readonly host: string;
  readonly address: string;
  readonly port: number;
}

export interface PingSummary {
  readonly success: number;
  readonly timeout: number;
  readonly sendError: number;
  readonly invalid: number;
  /** Of the successes. */
  readonly networkRtt: Distribution;
  readonly proberDelay: Distribution;
  readonly responderDelay: Distribution;
}

export interface PingReport {
  begin(target: PingTarget, options: { readonly count: number; readonly interval: number }): void;
  reply(reply: PingReply): void;
  end(target: PingTarget, summary: PingSummary): void;
}

export function createReport(json: boolean, print: (line: string) => void): PingReport {
  return json ? jsonReport(print) : textReport(print);
}

const COLUMNS = ['seq', 'path', 'network_rtt', 'prober_delay', 'responder_delay', 'clock', 't4'] as const;
const WIDTHS = [5, 6, 13, 14, 17, 10, 11] as const;

function textReport(print: (line: string) => void): PingReport {
  return {
    begin({ host, address, port }, { count, interval }) {
      const name = host === address ? '' : `${host} `;
      print(`weft ping udp ${name}(${address} port ${port}): ${count} probes, ${formatDuration(interval)} apart`);
      print(columns(COLUMNS));
    },
    reply({ number, path, result, errno, delays }) {
      if (delays === undefined) print(columns([`${number}`, `${path}`, failure(result, errno)]));
      else {
        const { networkRttNs, proberDelayNs, responderDelayNs, clock, t4 } = delays;
        const figures = [networkRttNs, proberDelayNs, responderDelayNs].map(signedNs);
        const line = columns([`${number}`, `${path}`, ...figures, clock, t4]);
        print(result === 'success' ? line : `${line}  ${result}`);
      }
    },
    end({ host }, summary) {
      const { success, timeout, sendError, invalid, networkRtt } = summary;
      const extras = [
        ...(invalid > 0 ? [`${invalid} invalid`] : []),
        ...(sendError > 0 ? [`${sendError} could not be sent here`] : []),
      ];
      print(`--- ${host} udp ping statistics ---`);
      print(
        [`${sentOf(summary)} sent, ${success} answered, ${timeout} lost (${lossText(summary)})`, ...extras].join(', '),
      );
      if (networkRtt.count === 0) return;
      print(`network RTT     min/p50/p99/max = ${quartet(networkRtt)}`);
      print(`prober delay    min/p50/p99/max = ${quartet(summary.proberDelay)}`);
      print(`responder delay min/p50/p99/max = ${quartet(summary.responderDelay)}`);
    },
  };
}

function jsonReport(print: (line: string) => void): PingReport {
  return {
    begin() {},
    reply({ number, sequence, path, result, errno, delays }) {
      const measured = delays && {
        network_rtt: delays.networkRttNs,
        prober_delay: delays.proberDelayNs,
        responder_delay: delays.responderDelayNs,
        program_rtt: delays.programRttNs,
        clock: delays.clock,
        t4: delays.t4,
        ttl: delays.ttl,
      };
      const failed = result === 'send_error' ? { errno: getSystemErrorName(-errno) } : {};
      print(JSON.stringify({ seq: number, sequence, path, result, ...failed, ...measured }));
    },
    end({ host, address, port }, summary) {
      const { success, timeout, sendError, invalid } = summary;
      const counts = { sent: sentOf(summary), success, timeout, send_error: sendError, invalid };
      const loss = lossOf(summary) ?? null;
      const networkRtt = figures(summary.networkRtt);
      print(JSON.stringify({ summary: { host, address, port, ...counts, loss, network_rtt: networkRtt } }));
    },
  };
}

function columns(cells: readonly string[]): string {
  return cells.map((cell, i) => cell.padStart(WIDTHS[i] ?? 0)).join('');
}

function failure(result: string, errno: number): string {
  return result === 'send_error' ? `send_error ${getSystemErrorName(-errno)}` : result;
}

/** An implausible delay may be negative: it is shown as it is. */
function signedNs(ns: number): string {
  return ns < 0 ? `-${formatNs(-ns)}` : formatNs(ns);
}

/** Probes that left this host. */
function sentOf({ success, timeout, invalid }: PingSummary): number {
  return success + timeout + invalid;
}

function lossOf(summary: PingSummary): number | undefined {
  const sent = sentOf(summary);
  return sent === 0 ? undefined : summary.timeout / sent;
}

function lossText(summary: PingSummary): string {
  const loss = lossOf(summary);
  return loss === undefined ? 'nothing was sent' : `${formatLoss(loss)} loss`;
}

function quartet(distribution: Distribution): string {
  const { min, p50, p99, max } = figures(distribution);
  return [min, p50, p99, max].map((ns) => formatNs(ns ?? 0)).join('/');
}

function figures(distribution: Distribution): Record<'min' | 'p50' | 'p99' | 'max', number | null> {
  if (distribution.count === 0) return { min: null, p50: null, p99: null, max: null };
  const { minNs, maxNs } = distribution;
  return { min: minNs, p50: distribution.quantile(0.5), p99: distribution.quantile(0.99), max: maxNs };
}
