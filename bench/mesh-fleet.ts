/** The made-up mesh of the grid's benches: 10 000 hosts in 250 ToRs, 30 targets each, and what they measure of one another. */

import { Distribution } from '../core/distribution.js';
import { count, distribution, type Metric, type Tags } from '../core/metric.js';
import { closFleet } from '../core/pinglist/generate/clos.js';

export const HOSTS = 10_000;
export const TARGETS = 30;
export const TORS = 250;
export const WINDOW_MS = 10_000;
const HOSTS_PER_TOR = HOSTS / TORS;
/** One a second in a window of 10 s. */
const PROBES = 10;
const MEDIANS_NS = [30_000, 200_000, 15_000];
/** Distributions that are handed out again and again: making them is not what is measured. */
const SAMPLES = 4000;

export class MeshFleet {
  readonly #members = closFleet({ hosts: HOSTS, hostsPerTor: HOSTS_PER_TOR });
  readonly #samples = MEDIANS_NS.map((medianNs) => Array.from({ length: SAMPLES }, () => sample(medianNs)));

  /**
   * What a host measured in the window that ended at `endMs` (UTC). Half of its targets are under its own ToR, the others each
   * under another one.
   */
  metrics(host: number, endMs: number): Metric[] {
    const tor = Math.floor(host / HOSTS_PER_TOR);
    const place = host % HOSTS_PER_TOR;
    const near = TARGETS / 2;
    return Array.from({ length: TARGETS }, (_, target) => {
      const isNear = target < near;
      const otherTor = (tor + 1 + ((place * near + target) % (TORS - 1))) % TORS;
      const other = isNear ? (place + 1 + target) % HOSTS_PER_TOR : place;
      return this.#metric(host, (isNear ? tor : otherTor) * HOSTS_PER_TOR + other, endMs);
    });
  }

  #metric(src: number, dst: number, endMs: number): Metric {
    const i = (src * 31 + dst * 17 + endMs / WINDOW_MS) % SAMPLES;
    const [network, prober, responder] = this.#samples.map((of) => of[i] ?? new Distribution());
    const none = count(0, 'probes');
    const all = count(PROBES, 'probes');
    return {
      name: 'probe',
      tags: { transport: 'udp', clock: 'kernel', ...this.#endTags('src', src), ...this.#endTags('dst', dst) },
      fields: {
        sent: all,
        success: all,
        timeout: none,
        send_error: none,
        invalid: none,
        late: none,
        duplicate: none,
        ...(network && { network_rtt: distribution(network) }),
        ...(prober && { prober_delay: distribution(prober) }),
        ...(responder && { responder_delay: distribution(responder) }),
      },
      timeNs: BigInt(endMs) * 1_000_000n,
    };
  }

  #endTags(end: 'src' | 'dst', host: number): Tags {
    const { id = '', labels = {} } = this.#members[host] ?? {};
    return {
      [end]: id,
      [`${end}_dc`]: labels.dc ?? '',
      [`${end}_pod`]: labels.pod ?? '',
      [`${end}_tor`]: labels.tor ?? '',
    };
  }
}

/** Log-normal, as delays are. */
function sample(medianNs: number): Distribution {
  const values = new Distribution();
  for (let i = 0; i < PROBES; i += 1) {
    const gaussian = Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random());
    values.record(medianNs * Math.exp(gaussian * 0.3));
  }
  return values;
}
