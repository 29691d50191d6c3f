/** docs/openapi-grid.json, made of the routes of a grid that is never served. */

import { systemClock } from '../../../../core/clock.js';
import { openApiDocument } from '../../../../core/http/openapi.js';
import { GridStore } from '../../../common/grid/store/grid-store.js';
import { Views } from '../../../common/grid/store/views.js';
import { EventStreams } from './event-streams.js';
import { API_TITLE, allRoutes } from './routes.js';

export function describeGrid(): object {
  const store = new GridStore({ windowMs: 1, windows: 1, maxCells: 1, maxBytes: 1, maxPathBytes: 1 });
  const thresholdsOf = () => ({ latencyNs: [1, 2, 3], loss: [0.1, 0.2, 0.3], patternShare: 1 }) as const;
  const views = new Views(store, () => ({ badLoss: 1, badNs: 1, share: 1 }));
  const streams = new EventStreams(systemClock);
  return openApiDocument(
    allRoutes({ store, views, thresholdsOf, streams, clock: systemClock, instance: '', shared: () => undefined }),
    API_TITLE,
  );
}
