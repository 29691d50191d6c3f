/** From the options as users write them to those of the engines. Does no I/O; throws ConfigError. */

import { isIP, isIPv4, isIPv6 } from 'node:net';
import { ConfigError } from '../../../core/errors.js';
import type { UdpProberOptions, UdpReflectorOptions } from '../../../native/index.js';
import { parseListenAddress } from '../../common/listen-address.js';
import type { UdpConfig } from './config.js';

const IPV4_BITS = 32;
const IPV6_BITS = 128;

export function proberOptions(config: UdpConfig): UdpProberOptions {
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
  return {
    sourceAddress4: config.source_address,
    sourceAddress6: config.source_address_ipv6,
    timestamps: config.timestamps,
    key: Buffer.from(config.key),
  };
}

export function reflectorOptions(config: UdpConfig): UdpReflectorOptions[] {
  const wrong = config.allowed_prefixes.find((prefix) => !isPrefix(prefix));
  if (wrong !== undefined) {
    throw new ConfigError(`allowed_prefixes: expected a prefix such as 10.0.0.0/8 or 2001:db8::/32, found "${wrong}"`);
  }
  return [config.listen].flat().map((listen) => {
    const { host, port } = parseListenAddress(listen);
    const address = host ?? '0.0.0.0';
    if (isIP(address) === 0) {
      throw new ConfigError(`listen: expected an IP address and a port such as 0.0.0.0:862, found "${listen}"`);
    }
    return {
      address,
      port,
      allowedPrefixes: config.allowed_prefixes,
      rateLimit: config.rate_limit,
      timestamps: config.timestamps,
      key: Buffer.from(config.key),
    };
  });
}

function isPrefix(text: string): boolean {
  const [address = '', length, ...rest] = text.split('/');
  const bits = isIPv4(address) ? IPV4_BITS : IPV6_BITS;
  if (isIP(address) === 0 || rest.length > 0) return false;
  return length === undefined || (/^\d{1,3}$/.test(length) && Number(length) <= bits);
}
