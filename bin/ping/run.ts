/** What every `weft ping` does: a line a probe, then a summary as ping(8) has it. */

import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { StartupError, WeftError } from '../../core/errors.js';
import type { IpTarget } from '../../core/target.js';
import type { PingReply, PingSource } from '../../plugins/common/probing/ping.js';
import type { HostPort } from '../endpoint.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import type { Signals } from '../signals.js';
import { createReport, type PingEndpoint, type PingFormat } from './report.js';

/** The options of every transport; times in ms. */
export interface PingOptions {
  readonly count: number;
  readonly interval: number;
  readonly timeout: number;
  readonly paths: number;
  readonly json?: boolean;
}

/** Those of transports over IP. */
export interface IpPingOptions extends PingOptions {
  /** HOST[:PORT] */
  readonly host: string;
  readonly dscp: number;
  readonly ttl: number;
  readonly source?: string;
}

export interface IpEndpoint extends PingEndpoint {
  readonly port: number;
}

export interface Pinger<Reading> {
  readonly endpoint: PingEndpoint;
  readonly format: PingFormat<Reading>;
  /** Probes until it is done or `signal` aborts. */
  readonly probe: (onReply: (reply: PingReply<Reading>) => void, signal: AbortSignal) => Promise<void>;
}

/** The first SIGINT ends the probing and prints the summary. */
export async function reportPing<Reading>(
  { endpoint, format, probe }: Pinger<Reading>,
  options: PingOptions,
  signals: Signals,
): Promise<ExitCode> {
  signals.onHangUp(() => signals.requestStop('SIGHUP'));
  process.stdout.once('error', () => signals.requestStop('EPIPE'));
  const report = createReport(options.json === true, endpoint, format, (line) => process.stdout.write(`${line}\n`));
  report.begin(options);
  await probe((reply) => report.reply(reply), signals.stop);
  return report.end() > 0 ? EXIT.ok : EXIT.failure;
}

/** With the first address the system's resolver has, of the family of `source` if that is given. Throws StartupError. */
export async function resolveEndpoint({ host, port }: HostPort, source?: string): Promise<IpEndpoint> {
  const place = { port };
  if (isIP(host) !== 0) return { host, address: host, port, place };
  try {
    return { host, address: (await lookup(host, { family: isIP(source ?? '') })).address, port, place };
  } catch (cause) {
    throw new StartupError(`cannot resolve ${JSON.stringify(host)}; is the name right?`, { retryable: true, cause });
  }
}

/** What a target has of the command line whatever its transport; it is on no pinglist, so nothing labels it. */
export function targetOf(
  { host, address, port }: IpEndpoint,
  { interval, timeout, paths, dscp, ttl }: IpPingOptions,
): Omit<IpTarget, 'transport' | 'payloadBytes'> {
  const times = { intervalMs: interval, timeoutMs: timeout };
  return { dst: host, address, port, ...times, paths, firstPath: 0, dscp, ttl, mode: undefined, labels: {} };
}

/** Throws WeftError WEFT_USAGE when `source` is no address of the endpoint's family. */
export function sourceOf({ address }: PingEndpoint, source = ''): PingSource {
  const family = isIP(address);
  if (source !== '' && isIP(source) !== family) {
    throw new WeftError(
      'WEFT_USAGE',
      `--source: expected an IPv${family} address to probe ${address} from, found ${JSON.stringify(source)}`,
    );
  }
  return { sourceAddress4: family === 4 ? source : '', sourceAddress6: family === 6 ? source : '' };
}
