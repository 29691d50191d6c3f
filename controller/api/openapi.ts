/** The description of the controller's API: docs/openapi.json, and `GET /v1/openapi.json`. */

import { openApiDocument } from '../../core/http/openapi.js';
import type { Route } from '../../core/http/route.js';

export function describeRoutes(routes: readonly Route[]): object {
  return openApiDocument(routes, {
    title: 'weft controller',
    summary: 'The registry of agents and their pinglists.',
    server: 'the controller',
  });
}
