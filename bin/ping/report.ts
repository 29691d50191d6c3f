/** What `weft ping` prints on every transport: columns for people, JSON lines for scripts (durations in ns). */

import { getSystemErrorName } from 'node:util';
import { formatDuration } from '../../core/config/durations.js';
import type { Distribution } from '../../core/distribution.js';
import type { Transport } from '../../core/target.js';
import type { PingReply } from '../../plugins/common/probing/ping.js';
import { formatLoss, formatNs } from '../figures.js';

/** Where the probes go. */
export interface PingEndpoint {
  /** As the user named it. */
  readonly host: string;
  readonly address: string;
  /** What else it takes to get there, such as the port: for people, and as members of a JSON object. */
  readonly place: Readonly<Record<string, string | number>>;
}

/** What a transport adds to the report. */
export interface PingFormat<Reading> {
  readonly transport: Transport;
  /** Headings and widths of the columns that follow `seq` and `path`. */
  readonly columns: readonly PingColumn[];
  /** What stands in them, and what is said behind them ('' = nothing). Without figures there need be no cells. */
  row(reply: PingReply<Reading>): { readonly cells: readonly string[]; readonly remark: string };
  /** Members of a reply's JSON object that follow `seq`, `sequence`, `path`, `result` and `errno`. */
  json(reply: PingReply<Reading>): object;
  newTally(): PingTally<Reading>;
}

export type PingColumn = readonly [heading: string, width: number];

/** What a transport sums up. Plain results are counted by the report. */
export interface PingTally<Reading> {
  /** Every reply but late and second answers. */
  add(reply: PingReply<Reading>): void;
  /** Said of the answered probes, in brackets; '' = nothing. */
  readonly answeredRemark: string;
  /** For people, between the counts and the figures. */
  readonly lines: readonly string[];
  /** For scripts, in the same place. */
  readonly counts: Readonly<Record<string, number | null>>;
  /** In the order they are printed. */
  readonly figures: readonly PingFigure[];
}

export interface PingFigure {
  /** For people, and as a JSON key. */
  readonly name: string;
  readonly key: string;
  readonly distribution: Distribution;
}

export interface PingReport<Reading> {
  begin(options: { readonly count: number; readonly interval: number }): void;
  reply(reply: PingReply<Reading>): void;
  /** The summary. Returns the number of probes that were answered. */
  end(): number;
}

export function createReport<Reading>(
  json: boolean,
  endpoint: PingEndpoint,
  format: PingFormat<Reading>,
  print: (line: string) => void,
): PingReport<Reading> {
  const summary = new Summary(format.newTally());
  const { begin, reply, end } = json ? jsonPrinter(endpoint, format, print) : textPrinter(endpoint, format, print);
  return {
    begin,
    reply(outcome) {
      summary.add(outcome);
      reply(outcome);
    },
    end() {
      end(summary);
      return summary.success;
    },
  };
}

/** A signed duration: an implausible delay may be negative, and is shown as it is. */
export function formatSignedNs(ns: number): string {
  return ns < 0 ? `-${formatNs(-ns)}` : formatNs(ns);
}

/** A result, with the name of its errno if it has one. */
export function formatFailure({ result, errno }: PingReply<unknown>): string {
  return errno === 0 ? result : `${result} ${getSystemErrorName(-errno)}`;
}

class Summary<Reading> {
  success = 0;
  timeout = 0;
  sendError = 0;
  invalid = 0;
  readonly tally: PingTally<Reading>;

  constructor(tally: PingTally<Reading>) {
    this.tally = tally;
  }

  add(reply: PingReply<Reading>): void {
    if (reply.result === 'success') this.success += 1;
    else if (reply.result === 'timeout') this.timeout += 1;
    else if (reply.result === 'send_error') this.sendError += 1;
    else if (reply.result === 'invalid') this.invalid += 1;
    else return;
    this.tally.add(reply);
  }

  /** Probes that left this host. */
  get sent(): number {
    return this.success + this.timeout + this.invalid;
  }

  /** Undefined when nothing was sent. */
  get loss(): number | undefined {
    return this.sent === 0 ? undefined : this.timeout / this.sent;
  }
}

interface Printer<Reading> extends Omit<PingReport<Reading>, 'end'> {
  end(summary: Summary<Reading>): void;
}

const SHARED_COLUMNS: readonly PingColumn[] = [
  ['seq', 5],
  ['path', 6],
];

function textPrinter<Reading>(
  { host, address, place }: PingEndpoint,
  format: PingFormat<Reading>,
  print: (line: string) => void,
): Printer<Reading> {
  const columns = [...SHARED_COLUMNS, ...format.columns];
  const aligned = (cells: readonly string[]): string =>
    cells.map((cell, i) => cell.padStart(columns[i]?.[1] ?? 0)).join('');
  return {
    begin({ count, interval }) {
      const name = host === address ? '' : `${host} `;
      const details = Object.entries(place).map(([key, value]) => ` ${key} ${value}`);
      const what = `${name}(${address}${details.join('')})`;
      print(`weft ping ${format.transport} ${what}: ${count} probes, ${formatDuration(interval)} apart`);
      print(aligned(columns.map(([heading]) => heading)));
    },
    reply(reply) {
      const { cells, remark } = format.row(reply);
      const line = aligned([`${reply.number}`, `${reply.path}`, ...cells]);
      print(remark === '' ? line : `${line}  ${remark}`);
    },
    end(summary) {
      print(`--- ${host} ${format.transport} ping statistics ---`);
      print(countsText(summary));
      for (const line of summary.tally.lines) print(line);
      const figures = summary.tally.figures.filter(({ distribution }) => distribution.count > 0);
      const width = Math.max(...figures.map(({ name }) => name.length));
      for (const { name, distribution } of figures) {
        print(`${name.padEnd(width)} min/p50/p99/max = ${quartetText(distribution)}`);
      }
    },
  };
}

function countsText({ sent, success, timeout, sendError, invalid, loss, tally }: Summary<unknown>): string {
  const lossText = loss === undefined ? 'nothing was sent' : `${formatLoss(loss)} loss`;
  const remark = tally.answeredRemark === '' ? '' : ` (${tally.answeredRemark})`;
  const parts = [`${sent} sent`, `${success} answered${remark}`, `${timeout} lost (${lossText})`];
  if (invalid > 0) parts.push(`${invalid} invalid`);
  if (sendError > 0) parts.push(`${sendError} could not be sent here`);
  return parts.join(', ');
}

function jsonPrinter<Reading>(
  endpoint: PingEndpoint,
  format: PingFormat<Reading>,
  print: (line: string) => void,
): Printer<Reading> {
  return {
    begin() {},
    reply(reply) {
      const { number, sequence, path, result, errno } = reply;
      const failed = errno === 0 ? {} : { errno: getSystemErrorName(-errno) };
      print(JSON.stringify({ seq: number, sequence, path, result, ...failed, ...format.json(reply) }));
    },
    end({ sent, success, timeout, sendError, invalid, loss, tally }) {
      const { host, address, place } = endpoint;
      const counts = { sent, success, timeout, send_error: sendError, invalid, loss: loss ?? null };
      const figures = Object.fromEntries(tally.figures.map(({ key, distribution }) => [key, quartet(distribution)]));
      print(JSON.stringify({ summary: { host, address, ...place, ...counts, ...tally.counts, ...figures } }));
    },
  };
}

function quartetText(distribution: Distribution): string {
  const { min, p50, p99, max } = quartet(distribution);
  return [min, p50, p99, max].map((ns) => formatNs(ns ?? 0)).join('/');
}

function quartet(distribution: Distribution): Record<'min' | 'p50' | 'p99' | 'max', number | null> {
  if (distribution.count === 0) return { min: null, p50: null, p99: null, max: null };
  const { minNs, maxNs } = distribution;
  return { min: minNs, p50: distribution.quantile(0.5), p99: distribution.quantile(0.99), max: maxNs };
}
