/** `weft ping udp`: one target by hand, a line a probe, then a summary as ping(8) has it. */

import { lookup } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { Distribution } from '../../core/distribution.js';
import { StartupError } from '../../core/errors.js';
import { type PingReply, pingUdp } from '../../plugins/inputs/udp/ping.js';
import { parseHostPort } from '../endpoint.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { createReport, type PingSummary } from '../ping-report.js';
import type { Signals } from '../signals.js';

const STAMP_PORT = 862;

export interface PingCommandOptions {
  readonly transport: 'udp';
  /** HOST[:PORT] */
  readonly host: string;
  readonly count: number;
  readonly interval: number;
  readonly timeout: number;
  readonly paths: number;
  readonly size: number;
  readonly dscp: number;
  readonly ttl: number;
  readonly plain?: boolean;
  readonly source?: string;
  readonly keyFile?: string;
  readonly json?: boolean;
}

/** The first SIGINT ends the probing and prints the summary. */
export async function ping(options: PingCommandOptions, signals: Signals): Promise<ExitCode> {
  signals.onHangUp(() => signals.requestStop('SIGHUP'));
  process.stdout.once('error', () => signals.requestStop('EPIPE'));
  const { host, port } = parseHostPort(options.host, STAMP_PORT);
  const target = { host, address: await addressOf(host), port };
  const report = createReport(options.json === true, (line) => process.stdout.write(`${line}\n`));
  report.begin(target, options);
  const tally = new Tally();
  const onReply = (reply: PingReply): void => {
    tally.add(reply);
    report.reply(reply);
  };
  await pingUdp(
    {
      address: target.address,
      port,
      count: options.count,
      intervalMs: options.interval,
      timeoutMs: options.timeout,
      paths: options.paths,
      payloadBytes: options.size,
      dscp: options.dscp,
      ttl: options.ttl,
      plain: options.plain === true,
      key: options.keyFile === undefined ? '' : (await readFile(options.keyFile, 'utf8')).trim(),
      timestamps: 'auto',
      sourceAddress: options.source ?? '',
    },
    onReply,
    signals.stop,
  );
  report.end(target, tally);
  return tally.success > 0 ? EXIT.ok : EXIT.failure;
}

/** The first address the system's resolver has. Throws StartupError. */
async function addressOf(host: string): Promise<string> {
  if (isIP(host) !== 0) return host;
  try {
    return (await lookup(host)).address;
  } catch (cause) {
    throw new StartupError(`cannot resolve ${JSON.stringify(host)}; is the name right?`, { retryable: true, cause });
  }
}

class Tally implements PingSummary {
  success = 0;
  timeout = 0;
  sendError = 0;
  invalid = 0;
  readonly networkRtt = new Distribution();
  readonly proberDelay = new Distribution();
  readonly responderDelay = new Distribution();

  add({ result, delays }: PingReply): void {
    if (result === 'timeout') this.timeout += 1;
    else if (result === 'send_error') this.sendError += 1;
    else if (result === 'invalid') this.invalid += 1;
    if (result !== 'success' || delays === undefined) return;
    this.success += 1;
    this.networkRtt.record(delays.networkRttNs);
    this.proberDelay.record(Math.max(0, delays.proberDelayNs));
    this.responderDelay.record(Math.max(0, delays.responderDelayNs));
  }
}
