/** What the routes of the grid work on. */

import type { Clock } from '../../../../core/clock.js';
import type { GridStore } from '../../../common/grid/store/grid-store.js';
import type { Views } from '../../../common/grid/store/views.js';
import type { SharedGrid } from '../shared/shared-grid.js';
import type { Thresholds } from '../thresholds.js';
import type { EventStreams } from './event-streams.js';

export interface GridContext {
  readonly store: GridStore;
  readonly views: Views;
  readonly thresholdsOf: (transport: string) => Thresholds;
  readonly streams: EventStreams;
  readonly clock: Clock;
  /** Differs between any two processes: revisions of views are those of one. */
  readonly instance: string;
  /** What is shared with other servers; undefined: nothing. */
  readonly shared: () => Pick<SharedGrid, 'state' | 'pending' | 'counts'> | undefined;
}
