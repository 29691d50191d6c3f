/** A metric such as an agent has most of. */

import { Distribution } from '../core/distribution.js';
import { count, distribution, type Metric } from '../core/metric.js';

/** What a target's window becomes: ten probes, each delay in a bucket of its own. */
export function probeWindow(i: number): Metric {
  const spread = (middleNs: number): Distribution => {
    const values = new Distribution();
    for (let k = 0; k < 10; k += 1) values.record(middleNs * (0.5 + 0.2 * k));
    return values;
  };
  const labels = { src_tor: 'tor-1', src_pod: 'pod-1', dst_tor: `tor-${i % 250}`, dst_pod: 'pod-2' };
  return {
    name: 'probe',
    tags: { transport: 'udp', src: 'host-1', dst: `host-${i}`, clock: 'kernel', mode: 'inter-tor', ...labels },
    fields: {
      ...Object.fromEntries(
        ['sent', 'success', 'timeout', 'send_error', 'invalid', 'late'].map((n) => [n, count(10, 'probes')]),
      ),
      network_rtt: distribution(spread(20_000 + i)),
      prober_delay: distribution(spread(50_000 + i)),
      responder_delay: distribution(spread(30_000 + i)),
    },
    timeNs: 1_767_225_610_000_000_000n,
  };
}
