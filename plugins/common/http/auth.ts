/** Who may ask. Secrets are compared in constant time, so that answers do not tell how much of a guess was right. */

import { createHash, timingSafeEqual } from 'node:crypto';

export type Credentials =
  | { readonly scheme: 'basic'; readonly username: string; readonly password: string }
  | { readonly scheme: 'bearer'; readonly token: string };

export interface Authorizer {
  /** Value of the WWW-Authenticate header of a refusal. */
  readonly challenge: string;
  /** `header` is the request's Authorization header. */
  allows(header: string | undefined): boolean;
}

/** Longer headers are refused unread: nobody's password is that long, and hashing one costs time. */
const MAX_HEADER_CHARS = 4096;

export function authorizer(credentials: Credentials): Authorizer {
  const basic = credentials.scheme === 'basic';
  const expected = digest(basic ? `${credentials.username}:${credentials.password}` : credentials.token);
  return {
    challenge: basic ? 'Basic realm="weft", charset="UTF-8"' : 'Bearer realm="weft"',
    allows(header) {
      if (header === undefined || header.length > MAX_HEADER_CHARS) return false;
      const space = header.indexOf(' ');
      if (space < 0 || header.slice(0, space).toLowerCase() !== credentials.scheme) return false;
      const secret = header.slice(space + 1).trim();
      return timingSafeEqual(digest(basic ? Buffer.from(secret, 'base64').toString('utf8') : secret), expected);
    },
  };
}

/** Digests have one length whatever the secret's, which timingSafeEqual needs and which hides the length as well. */
function digest(secret: string): Buffer {
  return createHash('sha256').update(secret).digest();
}
