/** A made-up mesh of hosts that all probe each other: the metrics of one window after another, with faults where wanted. */

import { Distribution } from '../../core/distribution.js';
import { count, distribution, type Metric, type Tags } from '../../core/metric.js';

export interface MeshPlan {
  readonly dcs?: number;
  readonly podsPerDc?: number;
  readonly torsPerPod?: number;
  readonly hostsPerTor?: number;
  readonly transport?: string;
  readonly fault?: (src: MadeHost, dst: MadeHost) => Fault | undefined;
}

/** `slow`: ms in place of tenths; `lossy`: a quarter lost; `dead`: no answer; `silent`: no probes. */
export type Fault = 'slow' | 'worst' | 'lossy' | 'dead' | 'silent';

export interface MadeHost {
  readonly name: string;
  readonly dc: string;
  readonly pod: string;
  readonly tor: string;
}

const PROBES = 20;
/** Distributions are handed out again and again: making them is not what is tested. */
const SAMPLES = 64;
const [NEAR_NS, FAR_NS, DC_NS, SLOW_NS, WORST_NS] = [60_000, 160_000, 420_000, 9e6, 40e6];
const [PROBER_NS, RESPONDER_NS] = [90_000, 25_000];

export function madeHosts({ dcs = 1, podsPerDc = 2, torsPerPod = 2, hostsPerTor = 4 }: MeshPlan): MadeHost[] {
  const hosts: MadeHost[] = [];
  for (let dc = 1; dc <= dcs; dc += 1)
    for (let pod = 1; pod <= podsPerDc; pod += 1)
      for (let tor = 1; tor <= torsPerPod; tor += 1)
        for (let host = 1; host <= hostsPerTor; host += 1)
          hosts.push({ name: `d${dc}p${pod}t${tor}-h${host}`, dc: `dc${dc}`, pod: `p${pod}`, tor: `t${tor}` });
  return hosts;
}

/** `endMs`: of the window. A host does not probe itself. */
export function* madeWindow(plan: MeshPlan, endMs: number): Generator<Metric> {
  const hosts = madeHosts(plan);
  const timeNs = BigInt(endMs) * 1_000_000n;
  let turn = Math.floor(endMs / 1000);
  for (const src of hosts) {
    for (const dst of hosts) {
      turn += 7;
      const fault = plan.fault?.(src, dst);
      if (src === dst || fault === 'silent') continue;
      const tags = {
        transport: plan.transport ?? 'udp',
        clock: 'kernel',
        ...tagsOf('src', src),
        ...tagsOf('dst', dst),
      };
      yield { name: 'probe', tags, fields: fieldsOf(medianOf(src, dst, fault), fault, turn), timeNs };
    }
  }
}

function fieldsOf(medianNs: number, fault: Fault | undefined, turn: number): Metric['fields'] {
  const timeout = fault === 'dead' ? PROBES : fault === 'lossy' ? PROBES / 4 : 0;
  const delays = {
    network_rtt: distribution(sample(medianNs, turn)),
    prober_delay: distribution(sample(PROBER_NS, turn + 1)),
    responder_delay: distribution(sample(RESPONDER_NS, turn + 2)),
  };
  return {
    sent: count(PROBES, 'probes'),
    success: count(PROBES - timeout, 'probes'),
    timeout: count(timeout, 'probes'),
    send_error: count(0, 'probes'),
    invalid: count(0, 'probes'),
    ...(fault !== 'dead' && delays),
  };
}

function medianOf(src: MadeHost, dst: MadeHost, fault: Fault | undefined): number {
  if (fault === 'slow') return SLOW_NS;
  if (fault === 'worst') return WORST_NS;
  if (src.dc !== dst.dc) return DC_NS;
  return src.pod === dst.pod && src.tor === dst.tor ? NEAR_NS : FAR_NS;
}

function tagsOf(end: 'src' | 'dst', { name, dc, pod, tor }: MadeHost): Tags {
  return { [end]: name, [`${end}_dc`]: dc, [`${end}_pod`]: pod, [`${end}_tor`]: tor };
}

const samples = new Map<number, Distribution[]>();

function sample(medianNs: number, turn: number): Distribution {
  let known = samples.get(medianNs);
  if (known === undefined) {
    known = Array.from({ length: SAMPLES }, (_, i) => logNormal(medianNs * (0.8 + (0.4 * i) / SAMPLES)));
    samples.set(medianNs, known);
  }
  return known[turn % SAMPLES] ?? new Distribution();
}

/** The same values each time: quantiles of the distribution, not draws from it. */
function logNormal(medianNs: number): Distribution {
  const values = new Distribution();
  for (let i = 0; i < PROBES; i += 1) {
    const share = (i + 0.5) / PROBES;
    // Logistic in place of normal: its quantile is a formula.
    values.record(Math.round(medianNs * Math.exp(0.15 * Math.log(share / (1 - share)))));
  }
  return values;
}
