/** From a target of the pinglist to what an engine is told of it. */

import type { TcpTarget, UdpTarget } from '../../../core/target.js';
import type { EngineHttp, EngineTarget } from '../../../native/index.js';
import type { ProbedTarget } from './series.js';

const US_PER_MS = 1000;

export function engineTarget({ id, target }: Pick<ProbedTarget<UdpTarget | TcpTarget>, 'id' | 'target'>): EngineTarget {
  return {
    id,
    address: target.address,
    port: target.port,
    intervalUs: Math.round(target.intervalMs * US_PER_MS),
    timeoutUs: Math.round(target.timeoutMs * US_PER_MS),
    paths: target.paths,
    firstPath: target.firstPath,
    payloadBytes: target.payloadBytes,
    dscp: target.dscp,
    ttl: target.ttl,
    plain: target.transport === 'udp' && target.plain,
    http: target.transport === 'tcp' ? httpOf(target) : undefined,
  };
}

/** The connection is reset after the first bytes of the answer, so it is not asked to be kept. */
function httpOf({ http, address, port }: TcpTarget): EngineHttp | undefined {
  if (http === undefined) return undefined;
  const host = http.host === '' ? hostHeader(address, port) : http.host;
  const lines = [`GET ${http.path} HTTP/1.1`, `Host: ${host}`, 'User-Agent: weft', 'Accept: */*', 'Connection: close'];
  return { request: Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), status: http.status };
}

function hostHeader(address: string, port: number): string {
  // The scope of a link-local address means something to this host only.
  const literal = address.replace(/%.*$/, '');
  return `${literal.includes(':') ? `[${literal}]` : literal}:${port}`;
}
