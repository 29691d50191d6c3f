/** From a target of the pinglist to what an engine is told of it. */

import type { IpTarget, RdmaTarget, Target, TcpTarget } from '../../../core/target.js';
import { type EngineHttp, type EngineTarget, RDMA_PAYLOAD_BYTES } from '../../../native/index.js';
import type { ProbedTarget } from './series.js';

const US_PER_MS = 1000;

export function engineTarget({ id, target }: Pick<ProbedTarget, 'id' | 'target'>): EngineTarget {
  const { intervalMs, timeoutMs, paths, firstPath, dscp, ttl } = target;
  const intervalUs = Math.round(intervalMs * US_PER_MS);
  const timeoutUs = Math.round(timeoutMs * US_PER_MS);
  return { id, intervalUs, timeoutUs, paths, firstPath, dscp, ttl, ...endOf(target) };
}

type End = Pick<EngineTarget, 'address' | 'port' | 'payloadBytes' | 'plain' | 'http' | 'qpn' | 'lid'>;

function endOf(target: Target): End {
  return target.transport === 'rdma-ud' ? rdmaEnd(target) : ipEnd(target);
}

function ipEnd(target: IpTarget): End {
  const { address, port, payloadBytes } = target;
  const plain = target.transport === 'udp' && target.plain;
  return { address, port, payloadBytes, plain, http: target.transport === 'tcp' ? httpOf(target) : undefined };
}

function rdmaEnd({ gid, qpn, lid }: RdmaTarget): End {
  return { address: gid, port: 0, payloadBytes: RDMA_PAYLOAD_BYTES, plain: false, http: undefined, qpn, lid };
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
