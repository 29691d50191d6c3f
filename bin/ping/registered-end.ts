/** Where an agent answers RDMA probes, as its controller knows it. */

import { systemClock } from '../../core/clock.js';
import { MAX_REGISTRATION_BYTES } from '../../core/control/registration.js';
import { StartupError, WeftError } from '../../core/errors.js';
import type { Endpoint, RdmaTarget } from '../../core/target.js';
import { PeerClient } from '../../plugins/common/peer/client.js';
import { PeerError } from '../../plugins/common/peer/failure.js';

export type RdmaEnd = Pick<RdmaTarget, 'gid' | 'qpn' | 'lid'>;

const TIMEOUT_MS = 10_000;

/** The agent's first endpoint. Throws WeftError WEFT_USAGE, PeerError, or StartupError when it has none. */
export async function registeredEnd(url: string, tokenFile: string | undefined, agent: string): Promise<RdmaEnd> {
  const client = new PeerClient({
    settings: {
      urls: [baseUrl(url)],
      files: { ca: undefined, cert: undefined, key: undefined, token: tokenFile },
      token: undefined,
    },
    clock: systemClock,
    timeoutMs: TIMEOUT_MS,
    onFailure: () => {},
  });
  try {
    const endpoints = await client.ask({
      act: 'fetch',
      method: 'GET',
      path: `v1/agents/${encodeURIComponent(agent)}`,
      headers: {},
      // Its registration, and what the controller says of it.
      maxBodyBytes: 2 * MAX_REGISTRATION_BYTES,
      statuses: [200],
      read: ({ body }) => endpointsOf(body),
    });
    return firstEnd(endpoints, agent);
  } finally {
    client.close();
  }
}

function baseUrl(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) {
    throw new WeftError(
      'WEFT_USAGE',
      `--controller: expected a URL such as https://controller:20118, found ${JSON.stringify(text)}`,
    );
  }
  if (!url.pathname.endsWith('/')) url.pathname += '/';
  return url;
}

function endpointsOf(body: Buffer): readonly Endpoint[] {
  try {
    const { endpoints } = JSON.parse(body.toString()) as { endpoints: readonly Endpoint[] };
    if (Array.isArray(endpoints)) return endpoints;
  } catch (cause) {
    throw new PeerError('malformed', 'the answer is no agent', { cause });
  }
  throw new PeerError('malformed', 'the answer is no agent');
}

function firstEnd(endpoints: readonly Endpoint[], agent: string): RdmaEnd {
  for (const { transport, attributes } of endpoints) {
    const { gid, qpn, lid = 0 } = attributes;
    if (transport !== 'rdma-ud' || typeof gid !== 'string' || typeof qpn !== 'number') continue;
    return { gid, qpn, lid: Number(lid) };
  }
  throw new StartupError(`${agent} is registered without an RDMA endpoint: does its inputs.rdma-ud run?`, {
    retryable: true,
  });
}
