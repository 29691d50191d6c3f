/** Every route of the API. */

import { healthRoute, withDescription } from '../../core/http/common-routes.js';
import type { Route } from '../../core/http/route.js';
import { agentRoutes } from './agent-routes.js';
import type { ApiContext } from './context.js';
import { API_TITLE } from './openapi.js';
import { operationRoutes } from './operation-routes.js';

export function allRoutes(context: ApiContext): readonly Route[] {
  return withDescription([...agentRoutes(context), healthRoute(), ...operationRoutes(context)], API_TITLE);
}
