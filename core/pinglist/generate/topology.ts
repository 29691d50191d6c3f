/** Where hosts stand, said by the operator: overrides what agents say of themselves. */

import { STRICT, type Static, Type } from '../../config/schema.js';
import { LABEL_NAME_PATTERN } from '../../control/registration.js';

const LabelsForm = Type.Record(Type.String({ pattern: LABEL_NAME_PATTERN }), Type.String({ maxLength: 255 }), STRICT);

/** The topology file: `agents: { host-a: { labels: { tor: t1 } } }`. */
export const TopologyForm = Type.Object(
  { agents: Type.Record(Type.String({ minLength: 1 }), Type.Object({ labels: LabelsForm }, STRICT), { default: {} }) },
  STRICT,
);
export type Topology = Static<typeof TopologyForm>;

type Labels = Readonly<Record<string, string>>;

/**
 * The labels that count, sorted by name: those registered, with those of the topology in place of them. An empty value is
 * no label; so the topology can take one away.
 */
export function effectiveLabels(topology: Topology | undefined, id: string, registered: Labels): Labels {
  const agents = topology?.agents ?? {};
  const override = Object.hasOwn(agents, id) ? agents[id]?.labels : undefined;
  const all = Object.entries({ ...registered, ...override }).filter(([, value]) => value !== '');
  return Object.fromEntries(all.sort(([a], [b]) => (a < b ? -1 : 1)));
}
