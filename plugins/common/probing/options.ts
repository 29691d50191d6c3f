/** The options that inputs with engines share, and what they are to the engines. Does no I/O; throws ConfigError. */

import { isIP, isIPv4, isIPv6 } from 'node:net';
import { Type } from '../../../core/config/schema.js';
import { ConfigError } from '../../../core/errors.js';
import { parseListenAddress } from '../../../core/http/listen-address.js';

export const listenOption = (byDefault: string) =>
  Type.Union([Type.String(), Type.Array(Type.String())], {
    default: byDefault,
    description: 'Where the reflector answers: `address:port`, `[address]:port`, or a list of them; `[]`: nowhere.',
  });

export const PROBER_OPTIONS = {
  probe: Type.Boolean({ default: true, description: 'Probe the targets of the pinglist; `false`: only answer.' }),
  source_address: Type.String({
    default: '',
    description: 'IPv4 address that probes are sent from; empty: the kernel chooses.',
  }),
  source_address_ipv6: Type.String({
    default: '',
    description: 'IPv6 address that probes are sent from; empty: the kernel chooses.',
  }),
  per_path: Type.Boolean({
    default: false,
    description: 'One series for each path (tag `path`) instead of one for each target.',
  }),
};

export const REFLECTOR_OPTIONS = {
  allowed_prefixes: Type.Array(Type.String(), {
    default: [],
    description: 'CIDR prefixes whose probes are answered; empty: all.',
  }),
};

interface SourceConfig {
  readonly source_address: string;
  readonly source_address_ipv6: string;
}

interface ListenConfig {
  readonly listen: string | readonly string[];
  readonly allowed_prefixes: readonly string[];
}

const IPV4_BITS = 32;
const IPV6_BITS = 128;

/** What the engine of any prober is told of its addresses. */
export function sourceAddresses(config: SourceConfig): {
  readonly sourceAddress4: string;
  readonly sourceAddress6: string;
} {
  if (config.source_address !== '' && !isIPv4(config.source_address)) {
    throw new ConfigError(
      `source_address: expected an IPv4 address such as 10.0.0.1, found "${config.source_address}"`,
    );
  }
  if (config.source_address_ipv6 !== '' && !isIPv6(config.source_address_ipv6)) {
    throw new ConfigError(
      `source_address_ipv6: expected an IPv6 address such as 2001:db8::1, found "${config.source_address_ipv6}"`,
    );
  }
  return { sourceAddress4: config.source_address, sourceAddress6: config.source_address_ipv6 };
}

/** What the engine of any reflector is told: one engine for each address. */
export function listeners({ listen, allowed_prefixes }: ListenConfig): {
  readonly address: string;
  readonly port: number;
  readonly allowedPrefixes: readonly string[];
}[] {
  const wrong = allowed_prefixes.find((prefix) => !isPrefix(prefix));
  if (wrong !== undefined) {
    throw new ConfigError(`allowed_prefixes: expected a prefix such as 10.0.0.0/8 or 2001:db8::/32, found "${wrong}"`);
  }
  return [listen].flat().map((place) => {
    const { host, port } = parseListenAddress(place);
    const address = host ?? '0.0.0.0';
    if (isIP(address) === 0) {
      throw new ConfigError(`listen: expected an IP address and a port such as 10.0.0.1:862, found "${place}"`);
    }
    return { address, port, allowedPrefixes: allowed_prefixes };
  });
}

function isPrefix(text: string): boolean {
  const [address = '', length, ...rest] = text.split('/');
  const bits = isIPv4(address) ? IPV4_BITS : IPV6_BITS;
  if (isIP(address) === 0 || rest.length > 0) return false;
  return length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= bits);
}
