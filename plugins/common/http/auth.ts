/** Who may ask. */

import { authorizationOf, digestSecret, includesDigest } from '../../../core/http/secret.js';

export type Credentials =
  | { readonly scheme: 'basic'; readonly username: string; readonly password: string }
  | { readonly scheme: 'bearer'; readonly token: string };

export interface Authorizer {
  /** Value of the WWW-Authenticate header of a refusal. */
  readonly challenge: string;
  /** `header` is the request's Authorization header. */
  allows(header: string | undefined): boolean;
}

export function authorizer(credentials: Credentials): Authorizer {
  const basic = credentials.scheme === 'basic';
  const expected = [digestSecret(basic ? `${credentials.username}:${credentials.password}` : credentials.token)];
  return {
    challenge: basic ? 'Basic realm="weft", charset="UTF-8"' : 'Bearer realm="weft"',
    allows(header) {
      const secret = authorizationOf(header, credentials.scheme);
      if (secret === undefined) return false;
      return includesDigest(expected, digestSecret(basic ? Buffer.from(secret, 'base64').toString('utf8') : secret));
    },
  };
}
