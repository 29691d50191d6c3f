/** What `weft ping tcp` prints of each probe: the handshake, the SYNs it took, and the exchange that was asked for. */

import { Distribution } from '../../core/distribution.js';
import type { TcpExchange, TcpReading, TcpReply } from '../../plugins/inputs/tcp/ping.js';
import { formatLoss, formatNs } from '../figures.js';
import { formatFailure, type PingColumn, type PingFigure, type PingFormat, type PingTally } from './report.js';

/** What is done on the opened connection. */
export type TcpExchangeKind = 'payload' | 'http';

/** How an exchange of each kind is shown; the keys are those of the metrics (DESIGN.md, "What is measured"). */
const EXCHANGES = {
  payload: { columns: [['payload_rtt', 13]], key: 'payload_rtt', name: 'payload RTT' },
  http: {
    columns: [
      ['first_byte', 12],
      ['status', 8],
    ],
    key: 'first_byte',
    name: 'first byte',
  },
} as const satisfies Record<TcpExchangeKind, { columns: readonly PingColumn[]; key: string; name: string }>;

const COLUMNS: readonly PingColumn[] = [
  ['source_port', 13],
  ['network_rtt', 13],
  ['connect_time', 14],
  ['syn_retransmits', 17],
];
const NOT_MEASURED = '-';

export function createTcpFormat(kind: TcpExchangeKind | undefined): PingFormat<TcpReading> {
  return {
    transport: 'tcp',
    columns: [...COLUMNS, ...(kind === undefined ? [] : EXCHANGES[kind].columns)],
    row(reply) {
      const { sourcePort, networkRttNs, connectTimeNs, synRetransmits, exchange } = reply.reading;
      const handshake = [text(sourcePort), duration(networkRttNs), duration(connectTimeNs), `${synRetransmits}`];
      const exchangeCells = kind === undefined ? [] : cellsOf(kind, exchange);
      return { cells: [...handshake, ...exchangeCells], remark: remarkOf(reply, kind) };
    },
    json({ reading }) {
      const { sourcePort, refused, networkRttNs, connectTimeNs, synRetransmits, exchange } = reading;
      return {
        source_port: sourcePort ?? null,
        refused,
        network_rtt: networkRttNs ?? null,
        connect_time: connectTimeNs ?? null,
        syn_retransmits: synRetransmits,
        ...(kind !== undefined && exchange !== undefined && exchangeJson(kind, exchange)),
      };
    },
    newTally: () => new TcpTally(kind),
  };
}

function cellsOf(kind: TcpExchangeKind, exchange: TcpExchange | undefined): readonly string[] {
  const time = duration(exchange?.timeNs);
  return kind === 'http' ? [time, text(exchange?.httpStatus)] : [time];
}

/** Whatever is not a plain success: of the probe, else of its exchange. */
function remarkOf(reply: TcpReply, kind: TcpExchangeKind | undefined): string {
  const { refused, exchange } = reply.reading;
  if (reply.result !== 'success') return formatFailure(reply);
  if (refused) return 'refused';
  return exchange === undefined || exchange.result === 'success' ? '' : `${kind} ${exchange.result}`;
}

function exchangeJson(kind: TcpExchangeKind, { result, timeNs, retransmits, httpStatus }: TcpExchange): object {
  return {
    [`${kind}_result`]: result,
    [EXCHANGES[kind].key]: timeNs ?? null,
    [`${kind}_retransmits`]: retransmits,
    ...(kind === 'http' && { http_status: httpStatus ?? null }),
  };
}

function text(value: number | undefined): string {
  return value === undefined ? NOT_MEASURED : `${value}`;
}

function duration(ns: number | undefined): string {
  return ns === undefined ? NOT_MEASURED : formatNs(ns);
}

class TcpTally implements PingTally<TcpReading> {
  readonly #kind: TcpExchangeKind | undefined;
  readonly #networkRtt = new Distribution();
  readonly #connectTime = new Distribution();
  readonly #exchangeTime = new Distribution();
  readonly #exchanges: Record<TcpExchange['result'], number> = { success: 0, timeout: 0, invalid: 0, reset: 0 };
  #connected = 0;
  #refused = 0;
  #unreachable = 0;
  #synRetransmits = 0;
  /** Connections that needed more than one SYN. */
  #retransmitted = 0;
  #exchangeRetransmits = 0;
  readonly figures: readonly PingFigure[];

  constructor(kind: TcpExchangeKind | undefined) {
    this.#kind = kind;
    this.figures = [
      { name: 'network RTT', key: 'network_rtt', distribution: this.#networkRtt },
      { name: 'connect time', key: 'connect_time', distribution: this.#connectTime },
      ...(kind === undefined ? [] : [{ ...EXCHANGES[kind], distribution: this.#exchangeTime }]),
    ];
  }

  add({ result, errno, reading }: TcpReply): void {
    this.#synRetransmits += reading.synRetransmits;
    if (result === 'timeout' && errno !== 0) this.#unreachable += 1;
    if (result !== 'success') return;
    if (reading.connectTimeNs !== undefined) this.#connectTime.record(reading.connectTimeNs);
    if (reading.networkRttNs !== undefined) this.#networkRtt.record(reading.networkRttNs);
    if (reading.refused) {
      this.#refused += 1;
      return;
    }
    this.#connected += 1;
    if (reading.synRetransmits > 0) this.#retransmitted += 1;
    this.#addExchange(reading.exchange);
  }

  get answeredRemark(): string {
    return this.#refused > 0 ? `${this.#refused} refused` : '';
  }

  get lines(): readonly string[] {
    const lines = [`SYNs sent again: ${this.#synRetransmits}, drop rate ${this.#dropRateText()}`];
    if (this.#unreachable > 0) lines.push(`unreachable: ${this.#unreachable} of the lost`);
    const outcomes = Object.entries(this.#exchanges).filter(([, count]) => count > 0);
    if (outcomes.length > 0) {
      const counts = outcomes.map(([result, count]) => `${count} ${result}`).join(', ');
      lines.push(`${this.#kind}: ${counts}, segments sent again: ${this.#exchangeRetransmits}`);
    }
    return lines;
  }

  get counts(): Readonly<Record<string, number | null>> {
    return {
      refused: this.#refused,
      unreachable: this.#unreachable,
      syn_retransmits: this.#synRetransmits,
      retransmitted: this.#retransmitted,
      drop_rate: this.#dropRate() ?? null,
      ...(this.#kind !== undefined && this.#exchangeCounts(this.#kind)),
    };
  }

  #addExchange(exchange: TcpExchange | undefined): void {
    if (exchange === undefined) return;
    this.#exchanges[exchange.result] += 1;
    this.#exchangeRetransmits += exchange.retransmits;
    if (exchange.timeNs !== undefined) this.#exchangeTime.record(exchange.timeNs);
  }

  #exchangeCounts(kind: TcpExchangeKind): Record<string, number> {
    const counts = Object.entries(this.#exchanges).map(([result, count]) => [`${kind}_${result}`, count] as const);
    return { ...Object.fromEntries(counts), [`${kind}_retransmits`]: this.#exchangeRetransmits };
  }

  /** As Pingmesh reads it: of the connections that were opened, those that needed more than one SYN. */
  #dropRate(): number | undefined {
    return this.#connected === 0 ? undefined : this.#retransmitted / this.#connected;
  }

  #dropRateText(): string {
    const rate = this.#dropRate();
    const share = `${this.#retransmitted} of ${this.#connected} connections`;
    return rate === undefined ? 'unknown without a connection' : `${formatLoss(rate)} (${share})`;
  }
}
