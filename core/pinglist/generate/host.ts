/** A member made ready for generation: everything that every list says of it is rendered and hashed once. */

import { createHash } from 'node:crypto';
import type { Transport } from '../../target.js';
import { type TargetEnd, targetEnds } from './endpoint.js';
import type { Member } from './member.js';
import { effectiveLabels, type Topology } from './topology.js';

/** 128 bits in words of 32, signed. */
export interface Digest {
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly d: number;
}

/**
 * Where a host answers on one transport. An object stands for exactly one host and transport. Its digest, which is that of
 * the fragments, and the scratch are in the object itself, as small integers: all lists together read millions of them,
 * and each step to another object is a cache miss.
 */
export interface HostEnds extends Digest {
  readonly transport: Transport;
  /** The target's JSON but for what the policy adds and the closing brace; one for each end. */
  readonly fragments: readonly string[];
  /** Number of ends with an IPv4 and with an IPv6 address. */
  readonly ipv4: number;
  readonly ipv6: number;
  /** Scratch of drafts: number of the last one that it was added to, and its place there. A map costs three times as much. */
  draft: number;
  place: number;
}

/** Never changes: a member that changes is another host under the same id. */
export interface Host {
  readonly id: string;
  readonly labels: Readonly<Record<string, string>>;
  /** '' without label `dc`. */
  readonly dc: string;
  /** Key of its ToR, made of the labels dc, pod and tor. A host without label `tor` is a ToR of its own. */
  readonly tor: string;
  readonly hasTor: boolean;
  /** 32 bits, of the id. */
  readonly hash: number;
  readonly ends: Readonly<Record<Transport, HostEnds | undefined>>;
  /** Equal for equal hosts. */
  readonly digest: string;
}

export function digestOf(text: string): Digest {
  const bytes = createHash('sha256').update(text).digest();
  return { a: bytes.readInt32LE(0), b: bytes.readInt32LE(4), c: bytes.readInt32LE(8), d: bytes.readInt32LE(12) };
}

export function hostOf({ id, labels: registered, endpoints }: Member, topology: Topology | undefined): Host {
  const labels = effectiveLabels(topology, id, registered);
  const ends = targetEnds(endpoints);
  const tail = Object.keys(labels).length === 0 ? '' : `,"labels":${JSON.stringify(labels)}`;
  const endsOf = (transport: Transport): HostEnds | undefined => {
    const own = ends.filter((end) => end.transport === transport);
    return own.length === 0 ? undefined : hostEnds(id, transport, own, tail);
  };
  const { dc = '', pod = '', tor } = labels;
  return {
    id,
    labels,
    dc,
    tor: JSON.stringify(tor === undefined ? [id] : [dc, pod, tor]),
    hasTor: tor !== undefined,
    hash: digestOf(id).a >>> 0,
    ends: { udp: endsOf('udp'), tcp: endsOf('tcp'), 'rdma-ud': endsOf('rdma-ud') },
    digest: createHash('sha256')
      .update(JSON.stringify([labels, ends]))
      .digest('base64'),
  };
}

function hostEnds(id: string, transport: Transport, ends: readonly TargetEnd[], tail: string): HostEnds {
  const fragments = ends.map(({ fields }) => JSON.stringify({ transport, dst: id, ...fields }).slice(0, -1) + tail);
  return {
    transport,
    fragments,
    ...digestOf(fragments.join('\n')),
    ipv4: ends.filter(({ family }) => family === 4).length,
    ipv6: ends.filter(({ family }) => family === 6).length,
    draft: 0,
    place: 0,
  };
}
