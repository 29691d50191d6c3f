/** All policies over all hosts: the targets of any one of them. */

import { Draft } from './draft.js';
import { ArrowPairing, MeshPairing } from './group-pairing.js';
import type { Host } from './host.js';
import { InterDcPairing } from './inter-dc.js';
import { InterTorPairing } from './inter-tor.js';
import type { Pairing, Visitor } from './pairing.js';
import { PathPlan } from './path-plan.js';
import type { Policy } from './policy.js';
import { compileSelector, type LabelMatcher } from './selector.js';
import { Settings, transportsOf } from './settings.js';

/** One policy at work. */
export class PlannedPolicy {
  readonly policy: Policy;
  readonly paths: PathPlan;
  /** In the order in which a host's targets are listed. */
  readonly settings: readonly Settings[];
  readonly #selects: LabelMatcher;
  readonly #pairing: Pairing;

  constructor(policy: Policy, index: number) {
    this.policy = policy;
    this.paths = new PathPlan(policy.paths);
    this.settings = transportsOf(policy).map((transport) => new Settings(policy, index, transport));
    this.#selects = compileSelector(policy.select);
    this.#pairing = pairingOf(policy);
  }

  add(host: Host): void {
    if (this.#selects(host.labels)) this.#pairing.add(host);
  }

  delete(host: Host): void {
    if (this.#selects(host.labels)) this.#pairing.delete(host);
  }

  visit(source: Host, visitor: Visitor): void {
    if (this.#selects(source.labels)) this.#pairing.visit(source, visitor);
  }
}

export class ProbingPlan {
  readonly policies: readonly PlannedPolicy[];
  /** Whether lists change from hour to hour. */
  readonly rotates: boolean;

  constructor(policies: readonly Policy[]) {
    this.policies = policies.map((policy, index) => new PlannedPolicy(policy, index));
    this.rotates = this.policies.some(({ paths }) => paths.rotates);
  }

  /** A host that is not there. */
  add(host: Host): void {
    for (const policy of this.policies) policy.add(host);
  }

  /** The very host that was added. */
  delete(host: Host): void {
    for (const policy of this.policies) policy.delete(host);
  }

  /** The targets of `source` in one hour (whole hours since 1970). Takes time in proportion to their number. */
  draft(source: Host, hour: number): Draft {
    const draft = new Draft();
    for (const policy of this.policies) {
      const { paths, settings } = policy;
      policy.visit(source, (destination, pairs, position) => {
        const set = paths.pathsOf(source, destination, pairs, position, hour);
        for (const one of settings) {
          const ends = destination.ends[one.transport];
          if (ends !== undefined) draft.add(ends, one, set);
        }
      });
    }
    return draft;
  }
}

function pairingOf(policy: Policy): Pairing {
  switch (policy.mode) {
    case 'mesh': {
      const { group_by: label } = policy;
      return new MeshPairing((host) => (label === undefined ? '' : labelOf(host, label)));
    }
    case 'arrow':
      return new ArrowPairing(compileSelector(policy.src), compileSelector(policy.dst));
    case 'tor-mesh':
      return new MeshPairing(({ hasTor, tor }) => (hasTor ? tor : undefined));
    case 'inter-tor':
      return new InterTorPairing(policy.sample ?? Number.POSITIVE_INFINITY);
    case 'inter-dc':
      return new InterDcPairing(policy.per_dc);
  }
}

/** Own labels only: one may be called like something every object inherits. */
function labelOf({ labels }: Host, label: string): string | undefined {
  return Object.hasOwn(labels, label) ? labels[label] : undefined;
}
