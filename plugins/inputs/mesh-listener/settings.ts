/** What the options mean together. Does no I/O; throws ConfigError. */

import { ConfigError } from '../../../core/errors.js';
import { isLoopback, type ListenAddress, parseListenAddress } from '../../../core/http/listen-address.js';
import { type TlsFiles, tlsFiles } from '../../../core/http/tls.js';
import { hasTokens, tokenIssues } from '../../../core/http/tokens.js';
import type { MeshListenerConfig } from './config.js';

export interface MeshListenerSettings {
  readonly address: ListenAddress;
  readonly tls: TlsFiles | undefined;
  /** Whether nothing tells one peer from another: on loopback only. */
  readonly isOpen: boolean;
  readonly isAllowed: (src: string) => boolean;
}

export function meshListenerSettings(config: MeshListenerConfig): MeshListenerSettings {
  const address = parseListenAddress(config.listen);
  const tls = tlsFiles(config);
  const [issue] = tokenIssues(config.tokens);
  if (issue !== undefined) throw new ConfigError(`${issue.path}: ${issue.message}`);
  const isOpen = tls?.clientCaFile === undefined && !hasTokens(config.tokens);
  if (isOpen && !isLoopback(address)) {
    throw new ConfigError(
      `listen: "${config.listen}" is reached from other hosts, and without tokens anybody there could make up the mesh: set tokens (or tls_client_ca), or listen on 127.0.0.1`,
    );
  }
  return { address, tls, isOpen, isAllowed: nameFilter(config.allow_src) };
}

function nameFilter(patterns: readonly string[]): (src: string) => boolean {
  if (patterns.length === 0) return () => true;
  const beginnings = patterns.filter((pattern) => pattern.endsWith('*')).map((pattern) => pattern.slice(0, -1));
  const names = new Set(patterns.filter((pattern) => !pattern.endsWith('*')));
  return (src) => names.has(src) || beginnings.some((beginning) => src.startsWith(beginning));
}
