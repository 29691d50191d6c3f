/** The paths of a pair of hosts in one window: which of them is slow or loses, or why that is not known. */

import type { Figures, Paths } from '../api/types.js';
import { DELAY_NAMES } from '../grid/words.js';
import type { Selection } from '../route.js';
import { h } from '../ui/dom.js';
import { formatCount, formatDuration, formatRatio, formatTime } from '../ui/format.js';

const WHY_NOT: Readonly<Record<Exclude<Paths['kept'], 'yes'>, string>> = {
  not_told: 'The agent adds up its paths: what is shown above is all of them together. Its input tells them apart with',
  dropped: 'The paths of this window gave way to those of newer ones. The grid keeps more with',
};
const OPTIONS = { not_told: 'per_path: true', dropped: 'max_path_bytes' } as const;

/** Undefined: nothing is known of the pair in the chosen window, or it is one of groups. */
export function pathsSection(paths: Paths | undefined, selection: Selection): HTMLElement[] {
  if (paths === undefined) return [];
  const delay = selection.delay ?? 'network_rtt';
  const title = h('h2', {}, `Paths, window ${formatTime(paths.window.start_ms)}`);
  if (paths.kept !== 'yes')
    return [title, h('p', { class: 'soft' }, `${WHY_NOT[paths.kept]} `, h('code', {}, OPTIONS[paths.kept]), '.')];
  const heads = ['Path', `${DELAY_NAMES[delay]} median`, 'p99', 'max', 'Loss', 'Sent'];
  const row = (name: string, { counts, loss, ...figures }: Figures) => {
    const of = figures[delay];
    const delays = of === null ? ['–', '–', '–'] : [of.p50, of.p99, of.max].map(formatDuration);
    const cells = [...delays, loss === null ? '–' : formatRatio(loss), formatCount(counts.sent)];
    return h('tr', {}, h('th', { scope: 'row' }, name), ...cells.map((text) => h('td', { class: 'number' }, text)));
  };
  const head = h('thead', {}, h('tr', {}, ...heads.map((text) => h('th', { scope: 'col' }, text))));
  const rows = paths.paths.map((path) => row(path.path, path));
  return [title, h('table', {}, head, h('tbody', {}, ...rows, row('all', paths.all)))];
}
