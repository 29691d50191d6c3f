/** `weft ping tcp`: connections to one target by hand, and what is asked of them. */

import { isIP } from 'node:net';
import { WeftError } from '../../core/errors.js';
import { HTTP_PROBE_DEFAULTS } from '../../core/pinglist/form.js';
import type { HttpProbe } from '../../core/target.js';
import { pingTcp } from '../../plugins/inputs/tcp/ping.js';
import { parseHostPort } from '../endpoint.js';
import type { ExitCode } from '../exit-codes.js';
import { type IpEndpoint, type IpPingOptions, reportPing, resolveEndpoint, sourceOf, targetOf } from '../ping/run.js';
import { createTcpFormat, type TcpExchangeKind } from '../ping/tcp-format.js';
import type { Signals } from '../signals.js';

/** `payload` and `http` exclude each other. */
export interface TcpPingOptions extends IpPingOptions {
  readonly payload?: number;
  /** The path to ask for. */
  readonly http?: string;
  readonly httpHost?: string;
  readonly httpStatus?: number;
}

export async function ping(options: TcpPingOptions, signals: Signals): Promise<ExitCode> {
  requireHttp(options);
  const endpoint = await resolveEndpoint(parseHostPort(options.host), options.source);
  const probes = {
    target: {
      ...targetOf(endpoint, options),
      transport: 'tcp',
      payloadBytes: options.payload ?? 0,
      http: httpProbe(endpoint, options),
    },
    count: options.count,
    source: sourceOf(endpoint, options.source),
  } as const;
  return reportPing(
    {
      endpoint,
      format: createTcpFormat(exchangeOf(options)),
      probe: (onReply, signal) => pingTcp(probes, onReply, signal),
    },
    options,
    signals,
  );
}

function exchangeOf({ payload, http }: TcpPingOptions): TcpExchangeKind | undefined {
  if (http !== undefined) return 'http';
  return payload === undefined ? undefined : 'payload';
}

function requireHttp({ http, httpHost, httpStatus }: TcpPingOptions): void {
  const given = [
    ...(httpHost === undefined ? [] : ['--http-host']),
    ...(httpStatus === undefined ? [] : ['--http-status']),
  ];
  if (http !== undefined || given.length === 0) return;
  throw new WeftError('WEFT_USAGE', `${given.join(', ')}: only with --http PATH, which says what to ask for`);
}

/** As any HTTP client, it asks for the host by the name the user gave. */
function httpProbe({ host, port }: IpEndpoint, options: TcpPingOptions): HttpProbe | undefined {
  if (options.http === undefined) return undefined;
  const name = isIP(host) === 0 ? `${host}:${port}` : HTTP_PROBE_DEFAULTS.host;
  return {
    path: options.http,
    host: options.httpHost ?? name,
    status: options.httpStatus ?? HTTP_PROBE_DEFAULTS.status,
  };
}
