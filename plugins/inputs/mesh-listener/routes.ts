/** Every route of the listener, and their description: docs/openapi-rows.json. */

import { healthRoute, withDescription } from '../../../core/http/common-routes.js';
import { type ApiTitle, openApiDocument } from '../../../core/http/openapi.js';
import type { Route } from '../../../core/http/route.js';
import { PUSH_ROWS } from './rows-route.js';

const API_TITLE: ApiTitle = {
  title: 'weft listener',
  summary: 'Takes in what hosts measured of others.',
  server: 'the listener',
};

export function allRoutes(rows: Route): readonly Route[] {
  return withDescription([rows, healthRoute()], API_TITLE);
}

/** Of a listener that is never started. */
export function describeListener(): object {
  return openApiDocument(allRoutes({ ...PUSH_ROWS, handle: () => undefined }), API_TITLE);
}
