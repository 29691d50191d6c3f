/**
 * The result lines of PingWeave, so that what reads its files reads ours: without a header, local time, ns as integers,
 * zeros when nothing came back. RDMA lines carry the delays of both hosts, TCP and UDP lines the network's only. On TCP
 * PingWeave writes the duration of connect() there, which the load of its own host lengthens; we write the round trip of
 * the handshake in the network, as on the other transports. connect() is `connect_time` in the other formats.
 */

import type { Distribution } from '../../core/distribution.js';
import type { Metric } from '../../core/metric.js';

const NS_PER_MS = 1_000_000n;
const NS_PER_S = 1_000_000_000n;

/** One line without its end; undefined for a metric that is not a probe's. `windowMs` is the length of its window. */
export function pingweaveLine(metric: Metric, windowMs: number): string | undefined {
  return pingweaveColumns(metric, windowMs)?.join(',');
}

/** Of that line: src, dst, start, end, counts and delays. */
export function pingweaveColumns(metric: Metric, windowMs: number): readonly string[] | undefined {
  if (metric.name !== 'probe') return undefined;
  const { src = '', dst = '', transport } = metric.tags;
  const startNs = metric.timeNs - BigInt(Math.round(windowMs)) * NS_PER_MS;
  const columns = [plain(src), plain(dst), localTime(startNs), localTime(metric.timeNs)];
  const counts = ['success', 'timeout', 'invalid'].map((key) => countOf(metric, key));
  const network = ['network', ...figures(metric, 'network_rtt')];
  if (transport !== 'rdma-ud') return [...columns, ...counts, ...network].map(String);
  const client = ['client', ...figures(metric, 'prober_delay')];
  const server = ['server', ...figures(metric, 'responder_delay')];
  return [...columns, ...counts, ...client, ...network, ...server].map(String);
}

/** mean, max, p50, p95, p99 */
function figures(metric: Metric, key: string): number[] {
  const field = metric.fields[key];
  const distribution: Distribution | undefined = field?.kind === 'distribution' ? field.value : undefined;
  if (distribution === undefined || distribution.count === 0) return [0, 0, 0, 0, 0];
  const quantiles = [0.5, 0.95, 0.99].map((q) => Math.round(distribution.quantile(q)));
  return [Math.floor(distribution.meanNs), distribution.maxNs, ...quantiles];
}

function countOf(metric: Metric, key: string): number {
  const field = metric.fields[key];
  return field?.kind === 'count' ? field.value : 0;
}

/** The format has no quoting: what would break a line apart becomes an underscore. */
function plain(text: string): string {
  return text.replace(/[,\r\n]/g, '_');
}

/** `2026-01-01 01:00:00.000000000` in the zone of the host, as PingWeave has it. */
function localTime(timeNs: bigint): string {
  const date = new Date(Number(timeNs / NS_PER_MS));
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
  return `${day} ${time}.${String(timeNs % NS_PER_S).padStart(9, '0')}`;
}
