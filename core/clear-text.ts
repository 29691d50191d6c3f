/** Secrets on a way where others can read them: warned of in the same cases and words, whatever they are for. */

import { isLoopback } from './http/listen-address.js';
import type { Logger } from './plugin.js';

/** Whether this leads to another host without TLS. A Unix socket does not. */
export function leavesHostInClear({ protocol, hostname }: URL): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  return ['http:', 'redis:'].includes(protocol) && !isLoopback({ host, port: 0 });
}

/** `what`: such as `the token goes to the controller`; `scheme`: that of URLs with TLS. */
export function warnOfClearText(log: Logger, what: string, scheme: 'https' | 'rediss'): void {
  log.warn({}, `${what} unencrypted: use ${scheme}`);
}
