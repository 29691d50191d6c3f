/** What rdma-engine.ts asks of rdma-engine-process.ts, and what that one answers. */

import type { ProberResult } from './engine-ends.js';
import type { PumpingTime } from './pumping.js';

/** Of each queue pair, as in c/rdma_loop.c: both have the same memory to touch. */
export const RECEIVE_SLOTS = 512;

export interface RdmaPlan extends PumpingTime {
  readonly targets: number;
  readonly intervalUs: number;
}

export interface RdmaResult extends ProberResult {
  /** Probes that were posted, from the first to the last, and those of them that were answered in time and plausible. */
  readonly sent: number;
  readonly succeeded: number;
  /** Probes that the reflector dropped for want of a send slot. */
  readonly dropped: number;
}
