/** Whether this server has what all of them have. */

import { StatusForm } from '../../../../core/http/common-routes.js';
import { unavailable } from '../../../../core/http/problem.js';
import type { Route } from '../../../../core/http/route.js';
import type { GridContext } from './context.js';

const RETRY_S = 5;

export function readinessRoute({ shared }: GridContext): Route {
  return {
    method: 'GET',
    url: '/readyz',
    operationId: 'getReadiness',
    summary: 'Whether the grid is whole: with a shared store, whether all that it holds is here.',
    roles: 'open',
    answers: {
      200: { description: 'It is.', schema: StatusForm },
      503: {
        description: 'The store is away, or still being read; the grid is served as far as it is known here.',
        headers: { 'Retry-After': 'Seconds until the next try is worth while.' },
      },
    },
    handle() {
      const state = shared()?.state ?? 'ready';
      if (state === 'ready') return { status: 'ready' };
      const why = state === 'away' ? 'the shared store cannot be reached' : 'the shared store is still being read';
      throw unavailable('not_ready', why, RETRY_S);
    },
  };
}
