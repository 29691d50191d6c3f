/** Who can reach whom, as far as addresses tell. Pure. */

import { isIPv4 } from 'node:net';
import { canonicalAddress } from '../../../core/pinglist/address.js';
import type { RdmaTarget } from '../../../core/target.js';
import type { RdmaLink } from '../../../native/index.js';

const MAPPED = /^::ffff:\d+\.\d+\.\d+\.\d+$/;
const GROUPS = 8;
const PREFIX_GROUPS = 4;

/**
 * Equal for two ends that reach each other. On RoCE they have addresses of one family, both link-local or neither; which
 * link that is no address tells. On InfiniBand they have the subnet prefix in common: the first 64 bits of the GID.
 */
export function reachOf(link: RdmaLink, gid: string): string {
  // Most GIDs by far, and ten times as fast as looking for the canonical form.
  if (link === 'roce' && MAPPED.test(gid)) return 'roce ipv4';
  const address = canonicalAddress(gid) ?? gid;
  if (link === 'infiniband') return `infiniband ${subnetPrefix(address)}`;
  if (isIPv4(address)) return 'roce ipv4';
  return /^fe[89ab][0-9a-f]:/.test(address) ? 'roce link-local' : 'roce ipv6';
}

type End = Pick<RdmaTarget, 'lid' | 'gid'>;

/** Every port of a host is asked about every target, again and again. */
const known = new WeakMap<End, string>();

/** A port has a LID on InfiniBand only. */
export function reachOfTarget(target: End): string {
  let reach = known.get(target);
  if (reach === undefined) {
    reach = reachOf(target.lid === 0 ? 'roce' : 'infiniband', target.gid);
    known.set(target, reach);
  }
  return reach;
}

function subnetPrefix(address: string): string {
  const [head = '', tail] = address.split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : GROUPS - before.length - after.length;
  return [...before, ...new Array<string>(zeros).fill('0'), ...after].slice(0, PREFIX_GROUPS).join(':');
}
