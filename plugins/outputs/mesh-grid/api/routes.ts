/** Every route of the grid's API. */

import { healthRoute, withDescription } from '../../../../core/http/common-routes.js';
import type { ApiTitle } from '../../../../core/http/openapi.js';
import type { Route } from '../../../../core/http/route.js';
import { cellRoute } from './cell-route.js';
import type { GridContext } from './context.js';
import { gridRoutes } from './grid-routes.js';
import { hostRoutes } from './host-routes.js';
import { pairRoutes } from './pair-routes.js';
import { readinessRoute } from './readiness-route.js';
import { windowRoutes } from './window-routes.js';
import { worstRoutes } from './worst-routes.js';

export const API_TITLE: ApiTitle = {
  title: 'weft grid',
  summary: 'Source × destination: the last windows of the whole mesh.',
  server: 'the grid',
};

export function allRoutes(context: GridContext): readonly Route[] {
  return withDescription(
    [
      ...gridRoutes(context),
      cellRoute(context),
      ...pairRoutes(context),
      ...worstRoutes(context),
      ...hostRoutes(context),
      ...windowRoutes(context),
      healthRoute(),
      readinessRoute(context),
    ],
    API_TITLE,
  );
}
