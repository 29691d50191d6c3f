/** Three hosts and four pairs: what each test of the API looks at. */

import { at, END_MS, type Probes, probe, WINDOW_MS } from '../../common/grid/store/probes.js';

/** Of the first window. */
export const START_MS = END_MS - WINDOW_MS;

/** a and b under ToR t1, c under t2. */
export const located = (probes: Probes) => {
  const torOf = (host: string): string => (host === 'c' ? 't2' : 't1');
  return probe({
    ...probes,
    tags: {
      ...probes.tags,
      ...at('src', 'dc1', 'p1', torOf(probes.src)),
      ...at('dst', 'dc1', 'p1', torOf(probes.dst)),
    },
  });
};
export const MESH = [
  located({ src: 'a', dst: 'b', networkNs: [10_000, 12_000], proberNs: [90_000, 95_000], responderNs: [5_000, 6_000] }),
  located({ src: 'a', dst: 'c', networkNs: [30_000, 31_000, 50_000], timeout: 1 }),
  located({ src: 'b', dst: 'c', networkNs: [40_000] }),
  located({ src: 'c', dst: 'a', timeout: 4 }),
];

type Valued = { readonly src: string; readonly dst: string; readonly value: number };
export const briefly = (pairs: readonly Valued[]) => pairs.map(({ src, dst, value }) => `${src} ${dst} ${value}`);
