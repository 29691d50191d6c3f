/** `weft ping udp`: STAMP probes to one target by hand. */

import { readFile } from 'node:fs/promises';
import { pingUdp } from '../../plugins/inputs/udp/ping.js';
import { parseHostPort } from '../endpoint.js';
import type { ExitCode } from '../exit-codes.js';
import { type IpPingOptions, reportPing, resolveEndpoint, sourceOf, targetOf } from '../ping/run.js';
import { UDP_FORMAT } from '../ping/udp-format.js';
import type { Signals } from '../signals.js';

const STAMP_PORT = 862;

export interface UdpPingOptions extends IpPingOptions {
  readonly size: number;
  readonly plain?: boolean;
  readonly keyFile?: string;
}

export async function ping(options: UdpPingOptions, signals: Signals): Promise<ExitCode> {
  const endpoint = await resolveEndpoint(parseHostPort(options.host, STAMP_PORT), options.source);
  const probes = {
    target: {
      ...targetOf(endpoint, options),
      transport: 'udp',
      payloadBytes: options.size,
      plain: options.plain === true,
    },
    count: options.count,
    source: sourceOf(endpoint, options.source),
    key: options.keyFile === undefined ? '' : (await readFile(options.keyFile, 'utf8')).trim(),
  } as const;
  return reportPing(
    { endpoint, format: UDP_FORMAT, probe: (onReply, signal) => pingUdp(probes, onReply, signal) },
    options,
    signals,
  );
}
