/**
 * One spelling for one address, so that the same host written in two ways is still one pair: IPv6 compressed and in lower
 * case (RFC 5952), IPv4-mapped IPv6 as the IPv4 address it is. A zone (`fe80::1%eth0`) is kept.
 */

import { isIP, SocketAddress } from 'node:net';

const MAPPED_PREFIX = '::ffff:';

/** The canonical form of an IP literal; undefined if it is none. */
export function canonicalAddress(literal: string): string | undefined {
  const family = isIP(literal);
  if (family === 0) return undefined;
  if (family === 4) return literal;
  const percent = literal.indexOf('%');
  const zone = percent < 0 ? '' : literal.slice(percent);
  const bare = percent < 0 ? literal : literal.slice(0, percent);
  const { address } = new SocketAddress({ address: bare, family: 'ipv6' });
  const mapped = address.slice(MAPPED_PREFIX.length);
  return address.startsWith(MAPPED_PREFIX) && isIP(mapped) === 4 ? mapped : address + zone;
}

/** `0.0.0.0` or `::`: nobody's address, which a list may hold as a placeholder. */
export function isUnspecified(address: string): boolean {
  return address === '0.0.0.0' || address === '::';
}
