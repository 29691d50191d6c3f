/** How a policy probes on one transport, rendered and hashed once for all of its targets. */

import { formatDuration } from '../../config/durations.js';
import type { Transport } from '../../target.js';
import { type Digest, digestOf } from './host.js';
import { firstPathOf, type PathSet, pathsOf } from './path-plan.js';
import { type Policy, policyName } from './policy.js';

export class Settings {
  /** Index of the policy. */
  readonly policy: number;
  readonly transport: Transport;
  readonly intervalMs: number;
  /** As the policy says; undefined = the default of the transport. */
  readonly payloadBytes: number | undefined;
  readonly digest: Digest;
  readonly #json: string;
  /** By paths: few are in use, and each stands in thousands of targets. */
  readonly #tails = new Map<PathSet, string>();

  constructor(policy: Policy, index: number, transport: Transport) {
    this.policy = index;
    this.transport = transport;
    this.intervalMs = policy.interval;
    this.payloadBytes = policy.payload_bytes;
    this.#json = JSON.stringify(fieldsOf(policy)).slice(1, -1);
    this.digest = digestOf(this.#json);
  }

  /** What follows the ends in the JSON of a target, from the comma before to the comma behind. */
  tail(paths: PathSet): string {
    let tail = this.#tails.get(paths);
    if (tail === undefined) {
      tail = `,${this.#json}${pathFields(paths)}},`;
      this.#tails.set(paths, tail);
    }
    return tail;
  }
}

export function transportsOf({ transport }: Policy): readonly Transport[] {
  return [transport].flat();
}

/** What the policy leaves open is left out: the pinglist's form has the defaults of each transport. */
function fieldsOf(policy: Policy): object {
  const { interval, timeout, payload_bytes, dscp, ttl } = policy;
  return {
    interval: formatDuration(interval),
    timeout: timeout === undefined ? undefined : formatDuration(timeout),
    payload_bytes,
    dscp: dscp === 0 ? undefined : dscp,
    ttl,
    mode: policyName(policy),
  };
}

function pathFields(set: PathSet): string {
  const paths = pathsOf(set);
  const first = firstPathOf(set);
  return `${paths === 1 ? '' : `,"paths":${paths}`}${first === 0 ? '' : `,"first_path":${first}`}`;
}
