import assert from 'node:assert/strict';
import { test } from 'node:test';
import { arrangeGrids, type Space } from '../../../bin/demo/arrangement.js';
import { Paint } from '../../../bin/demo/paint.js';
import { transportView } from '../../support/demo-view.js';

const NAMES = Array.from({ length: 8 }, (_, i) => `host-${i + 1}`);
const BOTH = [transportView('udp', 8), transportView('tcp', 8)];

/** What eight hosts and two transports look like in that much room: the headers, and the last row's first cell. */
function arranged(space: Space): { headers: string[]; cell: string | undefined; hint: string | undefined } {
  const { lines, hint } = arrangeGrids(BOTH, NAMES, space, new Paint(1));
  const headers = lines.filter((line) => line.startsWith('UDP') || line.startsWith('TCP'));
  return {
    headers: headers.map((line) => line.match(/UDP|TCP/g)?.join(' ') ?? ''),
    cell: lines.at(-1)?.match(/\S+( 0%)?/g)?.[1],
    hint,
  };
}

const CASES: readonly { what: string; space: Space; headers: string[]; cell: string; hidden: boolean }[] = [
  {
    what: 'wide: side by side with both figures',
    space: { columns: 161, rows: 9 },
    headers: ['UDP TCP'],
    cell: '1.9µs 0%',
    hidden: false,
  },
  {
    what: 'a column less and high: below each other with both figures',
    space: { columns: 160, rows: 19 },
    headers: ['UDP', 'TCP'],
    cell: '1.9µs 0%',
    hidden: false,
  },
  {
    what: 'less wide, not high: side by side with one figure',
    space: { columns: 129, rows: 18 },
    headers: ['UDP TCP'],
    cell: '1.9µs',
    hidden: false,
  },
  {
    what: 'neither wide nor high: the first one',
    space: { columns: 128, rows: 18 },
    headers: ['UDP'],
    cell: '1.9µs 0%',
    hidden: true,
  },
];

for (const { what, space, headers, cell, hidden } of CASES) {
  test(what, () => {
    const shown = arranged(space);
    assert.deepEqual([shown.headers, shown.cell], [headers, cell]);
    assert.equal(
      shown.hint,
      hidden ? 'TCP hidden: needs a larger window (129 columns) or --transports tcp' : undefined,
    );
  });
}

test('side by side, the second grid begins in one column in every line', () => {
  const { lines } = arrangeGrids(BOTH, NAMES, { columns: 200, rows: 9 }, new Paint(1));
  const at = lines[0]?.indexOf('TCP');
  assert.deepEqual(
    lines.slice(1).map((line) => line.indexOf('host-', 1)),
    NAMES.map(() => at),
  );
});

test('one transport needs no hint, however little room there is', () => {
  const { hint } = arrangeGrids(BOTH.slice(1), NAMES, { columns: 1, rows: 1 }, new Paint(1));
  assert.equal(hint, undefined);
});
