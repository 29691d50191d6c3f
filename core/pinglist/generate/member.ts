/** An agent as the generation of pinglists sees it, and the list it gets. */

import type { Endpoint } from '../../target.js';

export interface Member {
  readonly id: string;
  /** Where it stands: `tor`, `pod`, `dc`, and whatever else policies select by. */
  readonly labels: Readonly<Record<string, string>>;
  readonly endpoints: readonly Endpoint[];
}

/** A generated list. Equal content has an equal revision on every replica, other content another. */
export interface GeneratedPinglist {
  readonly revision: string;
  /** Number of targets. */
  readonly targets: number;
  /**
   * The pinglist in the form of version 1, as JSON; made when asked for. To be asked before any member changes, in the
   * turn that got the list: afterwards it may throw WeftError WEFT_PINGLIST.
   */
  json(): string;
}
