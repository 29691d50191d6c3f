/**
 * Pinglists for a fleet. What a list holds is a pure function of the members, the policies, the topology and the hour:
 * every controller that knows the same gives the same bytes, whatever it has been through. A change of one member costs
 * its place in the indexes; each list is put together when it is asked for, and its revision kept until something changes.
 */

import { WeftError } from '../../errors.js';
import type { Draft } from './draft.js';
import { type Host, hostOf } from './host.js';
import type { GeneratedPinglist, Member } from './member.js';
import type { Policy } from './policy.js';
import { ProbingPlan } from './probing-plan.js';
import type { Topology } from './topology.js';

const HOUR_MS = 3_600_000;

/** What is kept of a list that was made. */
interface Edition {
  readonly version: number;
  readonly hour: number;
  readonly revision: string;
  readonly targets: number;
}

export class PinglistGenerator {
  readonly #plan: ProbingPlan;
  readonly #topology: Topology | undefined;
  readonly #hosts = new Map<string, Host>();
  readonly #editions = new Map<string, Edition>();
  #version = 0;

  constructor(policies: readonly Policy[], topology?: Topology) {
    this.#plan = new ProbingPlan(policies);
    this.#topology = topology;
  }

  /** Grows with every change of any member; a member that is set as it was is no change. */
  get version(): number {
    return this.#version;
  }

  /** Number of members. */
  get size(): number {
    return this.#hosts.size;
  }

  /** Adds a member, or replaces the one of this id. */
  set(member: Member): void {
    const host = hostOf(member, this.#topology);
    const before = this.#hosts.get(host.id);
    if (before?.digest === host.digest) return;
    if (before !== undefined) this.#plan.delete(before);
    this.#plan.add(host);
    this.#hosts.set(host.id, host);
    this.#version++;
  }

  delete(id: string): void {
    const host = this.#hosts.get(id);
    if (host === undefined) return;
    this.#plan.delete(host);
    this.#hosts.delete(id);
    this.#editions.delete(id);
    this.#version++;
  }

  /** The list of this member at this time (UTC, ms); undefined when there is no such member. */
  list(id: string, nowMs: number): GeneratedPinglist | undefined {
    const host = this.#hosts.get(id);
    if (host === undefined) return undefined;
    const hour = this.#plan.rotates ? Math.floor(nowMs / HOUR_MS) : 0;
    const known = this.#editions.get(id);
    if (known?.version === this.#version && known.hour === hour) {
      return listed(known, () => this.#again(host, known));
    }
    const draft = this.#plan.draft(host, hour);
    const edition = { version: this.#version, hour, revision: draft.revision(), targets: draft.targets };
    this.#editions.set(id, edition);
    return listed(edition, () => draft);
  }

  /** The draft of a list whose revision was still known. */
  #again(host: Host, { version, hour }: Edition): Draft {
    if (version !== this.#version) {
      throw new WeftError(
        'WEFT_PINGLIST',
        `the members have changed since the list of ${host.id} was asked for; ask again`,
      );
    }
    return this.#plan.draft(host, hour);
  }
}

function listed({ revision, targets }: Edition, draft: () => Draft): GeneratedPinglist {
  return { revision, targets, json: () => draft().json(revision) };
}
