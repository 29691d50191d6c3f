/** Figures of `weft controller plan` that the command line shows, apart from what plans: help loads nothing else. */

/** The shape of a fleet of which nothing else is said. */
export const CLOS_DEFAULTS = { hostsPerTor: 40, torsPerPod: 20 } as const;
export const MAX_PLANNED_AGENTS = 1_000_000;
