/** `HOST[:PORT]` of the command line. */

import { isIPv6 } from 'node:net';
import { WeftError } from '../core/errors.js';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

const MAX_PORT = 65_535;
/** `[v6]`, `[v6]:port`, `name`, `name:port`. */
const FORM = /^(?:\[(?<v6>[^\]]+)\]|(?<name>[^:[\]]+))(?::(?<port>\d+))?$/;

/** Throws WeftError WEFT_USAGE. A bare IPv6 address has no port: its last group would be one. */
export function parseHostPort(text: string, defaultPort: number): HostPort {
  if (isIPv6(text)) return { host: text, port: defaultPort };
  const { v6, name, port } = FORM.exec(text)?.groups ?? {};
  const host = v6 ?? name;
  const number = port === undefined ? defaultPort : Number(port);
  if (host !== undefined && (v6 === undefined || isIPv6(v6)) && number >= 1 && number <= MAX_PORT) {
    return { host, port: number };
  }
  throw new WeftError(
    'WEFT_USAGE',
    `expected a host such as 10.0.0.2, router-1:862 or [2001:db8::1]:862, found ${JSON.stringify(text)}`,
  );
}
