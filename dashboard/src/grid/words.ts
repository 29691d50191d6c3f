/** What delays, statistics and transports are called on the page. */

import type { Pattern } from '../api/types.js';
import type { Band } from '../heatmap/colours.js';
import type { Delay, Stat } from '../route.js';

export const DELAY_NAMES: Readonly<Record<Delay, string>> = {
  network_rtt: 'Network RTT',
  prober_delay: 'Prober delay',
  responder_delay: 'Responder delay',
};

export const STAT_NAMES: Readonly<Record<Stat, string>> = {
  p50: 'median',
  p90: 'p90',
  p95: 'p95',
  p99: 'p99',
  p999: 'p99.9',
  mean: 'mean',
  min: 'min',
  max: 'max',
  loss: 'loss',
  sent: 'sent',
  success: 'answered',
  timeout: 'timed out',
  send_error: 'not sent',
  invalid: 'invalid',
  late: 'late',
  duplicate: 'duplicate',
};

export const BAND_NAMES: Readonly<Record<Band, string>> = { good: 'good', fair: 'fair', bad: 'bad', worst: 'worst' };

export const TRANSPORT_NAMES: Readonly<Record<string, string>> = { udp: 'UDP', tcp: 'TCP', 'rdma-ud': 'RDMA' };

/** What shows a pattern, of the figures that can be chosen; undefined: each of them does. */
export function figureOf({ figure }: Pattern): { readonly delay: Delay; readonly stat: Stat } | undefined {
  if (figure === 'any') return undefined;
  return { delay: 'network_rtt', stat: figure === 'loss' ? 'loss' : 'p99' };
}

/** `host_down` → `host down`. */
export function patternName(pattern: string): string {
  return pattern
    .replaceAll('_', ' ')
    .replace(/\btor\b/, 'ToR')
    .replace(/\bdc\b/, 'DC');
}
