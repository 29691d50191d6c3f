/** What stands in the place of the grid before any row has come. */

import { h } from '../ui/dom.js';
import { notice } from '../ui/notice.js';

const AGENT = `outputs:
  mesh-grid:
    - url: "https://this-host:20119"   # of the listener below
      token: "\${WEFT_TOKEN}"`;

const GRID = `inputs:
  mesh-listener:
    - listen: "0.0.0.0:20119"
outputs:
  mesh-grid:
    - listen: "${location.host}"`;

export function emptyNotice(): HTMLElement {
  return notice(
    'No rows yet',
    h(
      'p',
      {},
      'The grid is there, but no agent has sent it a row. The first ones come when a window has ended, after some 20 seconds.',
    ),
    h('p', {}, 'Agents push their rows to a listener:'),
    h('pre', {}, AGENT),
    h('p', {}, 'and the process that serves this page takes them in:'),
    h('pre', {}, GRID),
    h('p', {}, 'This page shows them as soon as they are here.'),
  );
}
