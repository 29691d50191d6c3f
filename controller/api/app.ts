/** The controller's API (core/http/api.ts) over its context. */

import type { FastifyInstance } from 'fastify';
import { MAX_REGISTRATION_BYTES } from '../../core/control/registration.js';
import { describeError } from '../../core/errors.js';
import { createApi } from '../../core/http/api.js';
import { ApiProblem, unavailable } from '../../core/http/problem.js';
import type { Route } from '../../core/http/route.js';
import type { Logger } from '../../core/plugin.js';
import { RegistryError } from '../registry-error.js';
import type { ApiContext } from './context.js';
import { invalidRegistration } from './registration.js';

const STORE_RETRY_S = 5;
const FULL_RETRY_S = 60;

/** Ready to have requests routed to it. */
export function createApp(routes: readonly Route[], context: ApiContext, log: Logger): Promise<FastifyInstance> {
  const { access, clock, metrics, settings } = context;
  return createApi(routes, {
    access,
    clock,
    log,
    rateLimit: settings().rate_limit,
    maxBodyBytes: MAX_REGISTRATION_BYTES,
    onAnswered: (request) => metrics.countRequest(request),
    invalidBody: invalidRegistration,
    problemOf: (error) => (error instanceof RegistryError ? registryProblem(error, log) : undefined),
    words: { server: 'the controller', seeAlso: 'see /v1/openapi.json' },
  });
}

function registryProblem(error: RegistryError, log: Logger): ApiProblem {
  if (error.reason === 'not_yours') return new ApiProblem(403, 'not_yours', error.message);
  if (error.reason === 'full') return unavailable('full', error.message, FULL_RETRY_S);
  log.debug({ error: describeError(error) }, 'a registration could not be kept');
  return unavailable('store_unavailable', error.message, STORE_RETRY_S);
}
