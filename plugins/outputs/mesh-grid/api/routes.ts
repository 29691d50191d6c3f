/** Every route of the grid's API, and its description: docs/openapi-grid.json. */

import { Type } from '../../../../core/config/schema.js';
import { openApiDocument } from '../../../../core/http/openapi.js';
import type { Route } from '../../../../core/http/route.js';
import type { GridContext } from './context.js';
import { gridRoutes } from './grid-routes.js';
import { pairRoutes } from './pair-routes.js';
import { windowRoutes } from './window-routes.js';

export function allRoutes(context: GridContext): readonly Route[] {
  const routes: Route[] = [...gridRoutes(context), ...pairRoutes(context), ...windowRoutes(context)];
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

export function describeRoutes(routes: readonly Route[]): object {
  return openApiDocument(routes, {
    title: 'weft grid',
    summary: 'Source × destination: the last windows of the whole mesh.',
    server: 'the grid',
  });
}
