/** `host:port` as users write it. */

import { isIP } from 'node:net';
import { ConfigError } from '../errors.js';

export interface ListenAddress {
  /** Address or host name without brackets; undefined means every address of the host. */
  readonly host: string | undefined;
  /** 0 lets the kernel choose. */
  readonly port: number;
}

const FORM = /^(?:\[(?<six>[0-9a-fA-F:.]+(?:%[\w.-]+)?)\]|(?<host>[^:[\]\s/]*)):(?<port>\d{1,5})$/;

/** Reads `127.0.0.1:9273`, `host:9273`, `[::1]:9273` or `:9273`. Throws ConfigError. */
export function parseListenAddress(text: string): ListenAddress {
  const groups = FORM.exec(text)?.groups;
  const port = Number(groups?.port);
  if (groups === undefined || port > 65_535) {
    throw new ConfigError(
      `listen: expected "host:port" (such as "127.0.0.1:9273", "[::1]:9273" or ":9273"), found "${text}"`,
    );
  }
  const host = groups.six ?? groups.host ?? '';
  return { host: host === '' ? undefined : host, port };
}

/** Whether only this host can reach it. */
export function isLoopback({ host }: ListenAddress): boolean {
  if (host === undefined) return false;
  return host === 'localhost' || host === '::1' || (isIP(host) === 4 && host.startsWith('127.'));
}

/** The address as a URL or a log line writes it. */
export function formatAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
