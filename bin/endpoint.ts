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

/**
 * Without a `defaultPort` the text has to name one. Throws WeftError WEFT_USAGE. A bare IPv6 address has no port: its
 * last group would be one.
 */
export function parseHostPort(text: string, defaultPort?: number): HostPort {
  const found = JSON.stringify(text);
  const { host, port = defaultPort } = isIPv6(text) ? { host: text, port: undefined } : parts(text);
  if (host === undefined || (port !== undefined && (port < 1 || port > MAX_PORT))) {
    const examples = defaultPort === undefined ? '10.0.0.2:443' : `10.0.0.2, router-1:${defaultPort}`;
    throw usageError(`expected a host such as ${examples} or [2001:db8::1]:${defaultPort ?? 443}, found ${found}`);
  }
  if (port === undefined) {
    const example = isIPv6(host) ? `[${host}]:443` : `${host}:443`;
    throw usageError(`expected a host and a port such as ${example}, found ${found}: there is no default port`);
  }
  return { host, port };
}

function parts(text: string): { readonly host: string | undefined; readonly port: number | undefined } {
  const { v6, name, port } = FORM.exec(text)?.groups ?? {};
  const host = v6 === undefined || isIPv6(v6) ? (v6 ?? name) : undefined;
  return { host, port: port === undefined ? undefined : Number(port) };
}

function usageError(message: string): WeftError {
  return new WeftError('WEFT_USAGE', message);
}
