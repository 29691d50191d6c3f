/** Secrets are compared in constant time, so that answers do not tell how much of a guess was right. */

import { createHash, timingSafeEqual } from 'node:crypto';

/** Longer headers are refused unread: nobody's password is that long, and hashing one costs time. */
const MAX_HEADER_CHARS = 4096;

/** Of one length whatever the secret's, which timingSafeEqual needs and which hides the length as well. */
export function digestSecret(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}

/** Whether `digest` is among `expected`. All of them are looked at, so that the time does not tell which one it was. */
export function includesDigest(expected: readonly Buffer[], digest: Buffer): boolean {
  let found = false;
  for (const candidate of expected) found = timingSafeEqual(candidate, digest) || found;
  return found;
}

/** What follows the scheme (lower case) in an Authorization header; undefined when it has another or is overlong. */
export function authorizationOf(header: string | undefined, scheme: string): string | undefined {
  if (header === undefined || header.length > MAX_HEADER_CHARS) return undefined;
  const space = header.indexOf(' ');
  if (space < 0 || header.slice(0, space).toLowerCase() !== scheme) return undefined;
  return header.slice(space + 1).trim();
}
