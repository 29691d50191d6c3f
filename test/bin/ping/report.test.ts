/** What `weft ping` prints, from outcomes put together by hand. */

import assert from 'node:assert/strict';
import { constants } from 'node:os';
import { test } from 'node:test';
import { createReport, type PingFormat } from '../../../bin/ping/report.js';
import { createTcpFormat } from '../../../bin/ping/tcp-format.js';
import { UDP_FORMAT } from '../../../bin/ping/udp-format.js';
import type { PingReply } from '../../../plugins/common/probing/ping.js';
import type { TcpReading, TcpReply } from '../../../plugins/inputs/tcp/ping.js';
import type { UdpDelays, UdpReply } from '../../../plugins/inputs/udp/ping.js';

const { EHOSTUNREACH, ENETUNREACH } = constants.errno;
const ENDPOINT = { host: 'host-b', address: '10.0.0.2', place: { port: 8620 } };

interface Printed {
  readonly lines: readonly string[];
  readonly answered: number;
}

function printed<Reading>(format: PingFormat<Reading>, replies: readonly PingReply<Reading>[], json = false): Printed {
  const lines: string[] = [];
  const report = createReport(json, ENDPOINT, format, (line) => lines.push(line));
  report.begin({ count: replies.length, interval: 1000 });
  for (const reply of replies) report.reply(reply);
  return { answered: report.end(), lines };
}

function printedJson<Reading>(format: PingFormat<Reading>, replies: readonly PingReply<Reading>[]): readonly object[] {
  return printed(format, replies, true).lines.map((line) => JSON.parse(line));
}

function udp(number: number, changes: Partial<UdpReply> = {}): UdpReply {
  const reading: UdpDelays = {
    ...{ networkRttNs: 1000, proberDelayNs: 2000, responderDelayNs: 3000, programRttNs: 6000 },
    ...{ clock: 'kernel', t4: 'follow-up', ttl: 64 },
  };
  return { number, sequence: 100 + number, path: 0, result: 'success', errno: 0, reading, ...changes };
}

/** Its port and its readings, unless told otherwise: of a connection that one SYN opened. */
function tcp(number: number, reading: Partial<TcpReading> = {}, changes: Partial<TcpReply> = {}): TcpReply {
  const opened = { sourcePort: 40_000 + number, networkRttNs: 12_000, connectTimeNs: 80_000, synRetransmits: 0 };
  const whole = { ...opened, refused: false, exchange: undefined, ...reading };
  return { number, sequence: 100 + number, path: 0, result: 'success', errno: 0, reading: whole, ...changes };
}

const UNMEASURED = { networkRttNs: undefined, connectTimeNs: undefined };
const RESENT = tcp(2, { networkRttNs: undefined, connectTimeNs: 1_040_000_000, synRetransmits: 1 });
const REFUSED = tcp(3, { networkRttNs: undefined, refused: true });
const SILENT = tcp(4, { ...UNMEASURED, synRetransmits: 2 }, { result: 'timeout' });
const UNREACHABLE = tcp(5, UNMEASURED, { result: 'timeout', errno: EHOSTUNREACH });
const UNSENT = tcp(6, { ...UNMEASURED, sourcePort: undefined }, { result: 'send_error', errno: ENETUNREACH });
const HANDSHAKES = [tcp(1), RESENT, REFUSED, SILENT, UNREACHABLE, UNSENT];

test('udp: the three delays of answers, a word for everything else', () => {
  const lost = { reading: undefined } as const;
  const replies = [
    udp(1),
    udp(2, { ...lost, result: 'timeout' }),
    udp(3, { ...lost, result: 'send_error', errno: ENETUNREACH }),
    udp(4, { result: 'invalid', reading: { ...(udp(4).reading as UdpDelays), networkRttNs: -5 } }),
    udp(2, { ...lost, result: 'late' }),
  ];
  assert.deepEqual(printed(UDP_FORMAT, replies), {
    answered: 1,
    lines: [
      'weft ping udp host-b (10.0.0.2 port 8620): 5 probes, 1s apart',
      '  seq  path  network_rtt  prober_delay  responder_delay     clock         t4',
      '    1     0        1.0µs         2.0µs            3.0µs    kernel  follow-up',
      '    2     0  timeout',
      '    3     0  send_error ENETUNREACH',
      '    4     0         -5ns         2.0µs            3.0µs    kernel  follow-up  invalid',
      '    2     0  late',
      '--- host-b udp ping statistics ---',
      '3 sent, 1 answered, 1 lost (33% loss), 1 invalid, 1 could not be sent here',
      'network RTT     min/p50/p99/max = 1.0µs/1.0µs/1.0µs/1.0µs',
      'prober delay    min/p50/p99/max = 2.0µs/2.0µs/2.0µs/2.0µs',
      'responder delay min/p50/p99/max = 3.0µs/3.0µs/3.0µs/3.0µs',
    ],
  });
});

test('tcp: what each handshake took, and how those that were not answered ended', () => {
  assert.deepEqual(printed(createTcpFormat(undefined), HANDSHAKES), {
    answered: 3,
    lines: [
      'weft ping tcp host-b (10.0.0.2 port 8620): 6 probes, 1s apart',
      '  seq  path  source_port  network_rtt  connect_time  syn_retransmits',
      '    1     0        40001         12µs          80µs                0',
      '    2     0        40002            -          1.0s                1',
      '    3     0        40003            -          80µs                0  refused',
      '    4     0        40004            -             -                2  timeout',
      '    5     0        40005            -             -                0  timeout EHOSTUNREACH',
      '    6     0            -            -             -                0  send_error ENETUNREACH',
      '--- host-b tcp ping statistics ---',
      '5 sent, 3 answered (1 refused), 2 lost (40% loss), 1 could not be sent here',
      'SYNs sent again: 3, drop rate 50% (1 of 2 connections)',
      'unreachable: 1 of the lost',
      'network RTT  min/p50/p99/max = 12µs/12µs/12µs/12µs',
      'connect time min/p50/p99/max = 80µs/80µs/1.0s/1.0s',
    ],
  });
});

test('tcp --json: what was not measured is null, and an errno has its name', () => {
  const lines = printedJson(createTcpFormat(undefined), HANDSHAKES);
  const head = (seq: number, result: string, rest: object): object => ({
    seq,
    sequence: 100 + seq,
    path: 0,
    result,
    ...rest,
  });
  const nothing = { refused: false, network_rtt: null, connect_time: null };
  assert.deepEqual(lines.slice(1, 6), [
    head(2, 'success', {
      source_port: 40_002,
      refused: false,
      network_rtt: null,
      connect_time: 1_040_000_000,
      syn_retransmits: 1,
    }),
    head(3, 'success', {
      source_port: 40_003,
      refused: true,
      network_rtt: null,
      connect_time: 80_000,
      syn_retransmits: 0,
    }),
    head(4, 'timeout', { source_port: 40_004, ...nothing, syn_retransmits: 2 }),
    head(5, 'timeout', { errno: 'EHOSTUNREACH', source_port: 40_005, ...nothing, syn_retransmits: 0 }),
    head(6, 'send_error', { errno: 'ENETUNREACH', source_port: null, ...nothing, syn_retransmits: 0 }),
  ]);
  const summary = printedJson(createTcpFormat(undefined), [SILENT])[1];
  const empty = { min: null, p50: null, p99: null, max: null };
  assert.deepEqual(summary, {
    summary: {
      host: ENDPOINT.host,
      address: ENDPOINT.address,
      port: 8620,
      ...{ sent: 1, success: 0, timeout: 1, send_error: 0, invalid: 0, loss: 1 },
      ...{ refused: 0, unreachable: 0, syn_retransmits: 2, retransmitted: 0, drop_rate: null },
      ...{ network_rtt: empty, connect_time: empty },
    },
  });
});

test('tcp with a payload: its echo is a column, and what became of it when it is not whole', () => {
  const echo = { result: 'success', timeNs: 30_000, retransmits: 1, httpStatus: undefined } as const;
  const replies = [
    tcp(1, { exchange: echo }),
    tcp(2, { exchange: { ...echo, result: 'reset', timeNs: undefined } }),
    REFUSED,
  ];
  const { lines } = printed(createTcpFormat('payload'), replies);
  assert.deepEqual(lines.slice(1, 5), [
    '  seq  path  source_port  network_rtt  connect_time  syn_retransmits  payload_rtt',
    '    1     0        40001         12µs          80µs                0         30µs',
    '    2     0        40002         12µs          80µs                0            -  payload reset',
    '    3     0        40003            -          80µs                0            -  refused',
  ]);
  assert.ok(lines.includes('payload: 1 success, 1 reset, segments sent again: 2'));
  assert.equal(lines.at(-1), 'payload RTT  min/p50/p99/max = 30µs/30µs/30µs/30µs');
  const [first, second, third, last] = printedJson(createTcpFormat('payload'), replies) as Record<string, unknown>[];
  assert.deepEqual(
    [first, second].map((line) => [line?.payload_result, line?.payload_rtt, line?.payload_retransmits]),
    [
      ['success', 30_000, 1],
      ['reset', null, 1],
    ],
  );
  assert.equal(third && 'payload_result' in third, false);
  const { summary } = last as { summary: Record<string, unknown> };
  assert.deepEqual([summary.payload_success, summary.payload_reset, summary.payload_retransmits], [1, 1, 2]);
});

test('tcp with HTTP: first byte and status', () => {
  const answer = { result: 'success', timeNs: 500_000, retransmits: 0, httpStatus: 200 } as const;
  const replies = [
    tcp(1, { exchange: answer }),
    tcp(2, { exchange: { ...answer, result: 'invalid', timeNs: undefined, httpStatus: 503 } }),
    tcp(3, { exchange: { ...answer, result: 'timeout', timeNs: undefined, httpStatus: undefined } }),
  ];
  const { lines } = printed(createTcpFormat('http'), replies);
  assert.deepEqual(lines.slice(1, 5), [
    '  seq  path  source_port  network_rtt  connect_time  syn_retransmits  first_byte  status',
    '    1     0        40001         12µs          80µs                0       500µs     200',
    '    2     0        40002         12µs          80µs                0           -     503  http invalid',
    '    3     0        40003         12µs          80µs                0           -       -  http timeout',
  ]);
  assert.equal(lines.at(-1), 'first byte   min/p50/p99/max = 500µs/500µs/500µs/500µs');
  const statuses = (printedJson(createTcpFormat('http'), replies) as { http_status?: unknown }[]).map(
    (line) => line.http_status,
  );
  assert.deepEqual(statuses, [200, 503, null, undefined]);
});
