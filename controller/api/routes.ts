/** Every route of the API. */

import { Type } from '../../core/config/schema.js';
import type { Route } from '../../core/http/route.js';
import { agentRoutes } from './agent-routes.js';
import type { ApiContext } from './context.js';
import { describeRoutes } from './openapi.js';
import { operationRoutes } from './operation-routes.js';

export function allRoutes(context: ApiContext): readonly Route[] {
  const routes: Route[] = [...agentRoutes(context), ...operationRoutes(context)];
  const description: Route = {
    method: 'GET',
    url: '/v1/openapi.json',
    operationId: 'getDescription',
    summary: 'This description.',
    roles: 'open',
    answers: { 200: { description: 'OpenAPI 3.1.', schema: Type.Object({ openapi: Type.String() }) } },
    handle: () => document,
  };
  routes.push(description);
  const document = describeRoutes(routes);
  return routes;
}
