/**
 * Who may do what. A token gives a role, a key or a client certificate gives an identity:
 *
 *   agent    does what agents do: registers itself, fetches its own pinglist, pushes its own rows
 *   reader   reads everything
 *   admin    everything, deletion included
 *
 * Without any token every peer is an admin, which the configuration allows on loopback only; with client certificates
 * and no token every peer is an agent.
 */

import type { TLSSocket } from 'node:tls';
import { authorizationOf, digestSecret, includesDigest } from './secret.js';

export const ROLES = ['agent', 'reader', 'admin'] as const;
export type Role = (typeof ROLES)[number];
export type Tokens = Readonly<Record<Role, readonly string[]>>;

export class Access {
  /** Whether clients have to show certificates, so that these name them. */
  readonly mutualTls: boolean;
  #digests: readonly (readonly [Role, readonly Buffer[]])[] = [];

  constructor(tokens: Tokens, mutualTls: boolean) {
    this.mutualTls = mutualTls;
    this.setTokens(tokens);
  }

  setTokens(tokens: Tokens): void {
    this.#digests = ROLES.map((role) => [role, tokens[role].map(digestSecret)]);
  }

  /** `header`: Authorization. Undefined when it has no token that is known. */
  roleOf(header: string | undefined): Role | undefined {
    if (this.#digests.every(([, digests]) => digests.length === 0)) return this.mutualTls ? 'agent' : 'admin';
    const token = authorizationOf(header, 'bearer');
    if (token === undefined) return undefined;
    const digest = digestSecret(token);
    // Not find(): every role is looked at, whatever the token.
    const roles = this.#digests.filter(([, digests]) => includesDigest(digests, digest));
    return roles.at(-1)?.[0];
  }
}

/** Whether the certificate that the peer proved to have names exactly `id`: as its CN, or as one of its DNS names. */
export function certificateNames(socket: object, id: string): boolean {
  if (!('getPeerX509Certificate' in socket)) return false;
  const certificate = (socket as TLSSocket).getPeerX509Certificate();
  if (certificate === undefined) return false;
  // checkHost takes DNS names in any case; an id is one in its own case only.
  if (certificate.checkHost(id, { subject: 'never', wildcards: false }) === id) return true;
  const subject = certificate.toLegacyObject().subject as { CN?: string | string[] } | undefined;
  return [subject?.CN].flat().includes(id);
}
