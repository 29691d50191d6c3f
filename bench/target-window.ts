/** Windows of the targets of an agent with 10 000 of them, with latencies as they are. */

import { Distribution } from '../core/distribution.js';
import { count, distribution, type Field, type Metric } from '../core/metric.js';

export const PROBES_PER_WINDOW = 10;
export const COUNTS = ['sent', 'success', 'timeout', 'send_error', 'invalid', 'late', 'duplicate'];
const MEDIANS_NS = { network_rtt: 20_000, prober_delay: 15_000, responder_delay: 10_000 };
export const DELAYS = Object.keys(MEDIANS_NS);

export function targetTags(target: number): Record<string, string> {
  const id = String(target).padStart(5, '0');
  return {
    transport: 'udp',
    src: 'host-00000',
    dst: `host-${id}`,
    clock: 'kernel',
    src_tor: 'tor-000',
    src_pod: 'pod-00',
    dst_tor: `tor-${id.slice(0, 3)}`,
    dst_pod: `pod-${id.slice(0, 2)}`,
  };
}

export function targetWindow(target: number, timeNs: bigint): Metric {
  const fields: Record<string, Field> = {};
  for (const name of COUNTS) {
    fields[name] = count(name === 'sent' || name === 'success' ? PROBES_PER_WINDOW : 0, 'probes');
  }
  for (const [name, medianNs] of Object.entries(MEDIANS_NS)) {
    const values = new Distribution();
    for (let i = 0; i < PROBES_PER_WINDOW; i += 1) values.record(latencyNs(medianNs));
    fields[name] = distribution(values);
  }
  return { name: 'probe', tags: targetTags(target), fields, timeNs };
}

/** Log-normal. */
export function latencyNs(medianNs: number): number {
  const normal = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
  return medianNs * Math.exp(0.4 * normal);
}
