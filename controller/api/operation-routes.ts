/** What operators and their tools ask: is it alive, is it ready, what does it count, how is it set up. */

import { formatDuration } from '../../core/config/durations.js';
import { StatusForm } from '../../core/http/common-routes.js';
import { unavailable } from '../../core/http/problem.js';
import type { Route } from '../../core/http/route.js';
import type { Policy } from '../../core/pinglist/generate/policy.js';
import type { ApiContext } from './context.js';
import { PoliciesAnswerForm } from './forms.js';

const READY_RETRY_S = 5;
/** Options of a policy that code has in ms. */
const DURATIONS: readonly string[] = ['interval', 'timeout'];

export function operationRoutes(context: ApiContext): Route[] {
  return [readiness(context), metricsPage(context), policies(context)];
}

function readiness({ registry }: ApiContext): Route {
  return {
    method: 'GET',
    url: '/readyz',
    operationId: 'getReadiness',
    summary: 'Whether agents can register: the store can be reached.',
    roles: 'open',
    answers: {
      200: { description: 'They can.', schema: StatusForm },
      503: {
        description: 'They cannot; pinglists are still served, from memory.',
        headers: { 'Retry-After': 'Seconds until the next try is worth while.' },
      },
    },
    handle() {
      if (registry.available) return { status: 'ready' };
      throw unavailable('not_ready', 'the store of the registry cannot be reached', READY_RETRY_S);
    },
  };
}

function metricsPage({ metrics }: ApiContext): Route {
  return {
    method: 'GET',
    url: '/metrics',
    operationId: 'getMetrics',
    summary: 'What the controller counts, for Prometheus.',
    roles: ['reader', 'admin'],
    answers: { 200: { description: 'Text exposition format 0.0.4.', contentType: 'text/plain' } },
    async handle(_, reply) {
      return reply.type(metrics.contentType).send(await metrics.text());
    },
  };
}

function policies({ settings }: ApiContext): Route {
  return {
    method: 'GET',
    url: '/v1/policies',
    operationId: 'listPolicies',
    summary: 'Who probes whom: the policies of the configuration.',
    roles: ['reader', 'admin'],
    answers: { 200: { description: 'In the order of the configuration.', schema: PoliciesAnswerForm } },
    handle: () => ({ policies: settings().policies.map(asConfigured) }),
  };
}

function asConfigured(policy: Policy): object {
  const options = Object.entries(policy).map(([key, value]) => {
    const isDuration = DURATIONS.includes(key) && typeof value === 'number';
    return [key, isDuration ? formatDuration(value) : value];
  });
  return { mode: policy.mode, ...Object.fromEntries(options) };
}
