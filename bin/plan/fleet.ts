/** The fleet that `weft controller plan` plans for: simulated, or that of the topology file. */

import { WeftError } from '../../core/errors.js';
import { closFleet } from '../../core/pinglist/generate/clos.js';
import type { Member } from '../../core/pinglist/generate/member.js';
import { effectiveLabels, type Topology } from '../../core/pinglist/generate/topology.js';
import type { Transport } from '../../core/target.js';
import { CLOS_DEFAULTS } from './defaults.js';

export interface FleetOptions {
  readonly agents?: number | undefined;
  readonly hostsPerTor?: number | undefined;
  readonly torsPerPod?: number | undefined;
  readonly podsPerDc?: number | undefined;
}

export interface Fleet {
  /** Whether nobody but the options says that it exists. */
  readonly simulated: boolean;
  /** With the labels that count. */
  readonly members: readonly Member[];
}

/**
 * Every host answers on all of `transports`: what a topology file does not say, and what makes a plan an upper bound.
 * Throws WeftError WEFT_USAGE when nothing says what the fleet is, or an option is of no use.
 */
export function plannedFleet(
  options: FleetOptions,
  topology: Topology | undefined,
  transports: readonly Transport[],
): Fleet {
  const { agents, ...shape } = options;
  if (agents !== undefined) return { simulated: true, members: simulatedFleet(agents, shape, transports) };
  if (Object.values(shape).some((value) => value !== undefined)) {
    throw new WeftError(
      'WEFT_USAGE',
      '--hosts-per-tor, --tors-per-pod and --pods-per-dc shape a simulated fleet: add --agents N',
    );
  }
  if (topology === undefined) {
    throw new WeftError('WEFT_USAGE', 'no fleet to plan for: add --agents N, or set controller.topology in the file');
  }
  return { simulated: false, members: topologyFleet(topology, transports) };
}

/** Hosts under ToRs, ToRs in pods, pods in DCs; DCs are of equal size, the last ones may be smaller. */
function simulatedFleet(
  hosts: number,
  shape: Omit<FleetOptions, 'agents'>,
  transports: readonly Transport[],
): Member[] {
  const { hostsPerTor = CLOS_DEFAULTS.hostsPerTor, torsPerPod = CLOS_DEFAULTS.torsPerPod, podsPerDc } = shape;
  const tors = Math.ceil(hosts / hostsPerTor);
  const dcs = podsPerDc === undefined ? 1 : Math.ceil(tors / (torsPerPod * podsPerDc));
  return closFleet({ hosts, hostsPerTor, torsPerPod, dcs, transports });
}

/** The hosts of the file, at addresses of their own: which ones costs nothing. */
function topologyFleet(topology: Topology, transports: readonly Transport[]): Member[] {
  const ids = Object.keys(topology.agents);
  const places = closFleet({ hosts: ids.length, transports });
  return places.map(({ endpoints }, index) => {
    const id = ids[index] ?? '';
    return { id, labels: effectiveLabels(topology, id, {}), endpoints };
  });
}

export interface FleetShape {
  readonly dcs: number;
  readonly pods: number;
  readonly tors: number;
}

/** How many there are of each, as the labels tell them apart. Hosts without label `tor`, `pod` or `dc` have none. */
export function shapeOf(members: readonly Member[]): FleetShape {
  const count = (name: 'dc' | 'pod' | 'tor', within: readonly string[]): number => {
    const having = members.filter(({ labels }) => labels[name] !== undefined);
    return new Set(having.map(({ labels }) => JSON.stringify([...within, name].map((label) => labels[label])))).size;
  };
  return { dcs: count('dc', []), pods: count('pod', ['dc']), tors: count('tor', ['dc', 'pod']) };
}
