import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBoard } from '../../../../core/pinglist/board.js';
import type { Endpoint } from '../../../../core/target.js';
import { Announcement } from '../../../../plugins/common/probing/announcement.js';
import { MemoryLog } from '../../../support/memory-log.js';

const endpoint = (qpn: number): Endpoint => ({
  transport: 'rdma-ud',
  address: '10.0.0.1',
  port: 0,
  attributes: { qpn },
});

test('an endpoint that becomes another is never missing, and not told twice', () => {
  const board = createBoard({ log: new MemoryLog(), maxRate: 1 });
  const seen: string[] = [];
  const announcement = new Announcement(board);
  announcement.set(undefined);
  board.subscribeEndpoints(({ endpoints }) => seen.push(endpoints.map(({ attributes }) => attributes.qpn).join()));
  announcement.set(endpoint(1));
  announcement.set(endpoint(1));
  announcement.set(endpoint(2));
  announcement.set(undefined);
  announcement.set(undefined);
  announcement.set(endpoint(2));
  assert.deepEqual(seen, ['', '1', '1,2', '2', '', '2']);
});

test('the board is complete once something is said of every endpoint', () => {
  const board = createBoard({ log: new MemoryLog(), maxRate: 1 });
  const seen: boolean[] = [];
  board.subscribeEndpoints(({ isComplete }) => seen.push(isComplete));
  const [first, second] = [new Announcement(board), new Announcement(board)];
  first.set(endpoint(1));
  second.set(undefined);
  second.set(endpoint(2));
  assert.deepEqual(seen, [true, false, false, true, true]);
});

test('what is withdrawn is gone for good', () => {
  const board = createBoard({ log: new MemoryLog(), maxRate: 1 });
  const seen: string[] = [];
  board.subscribeEndpoints(({ endpoints, isComplete }) => seen.push(`${endpoints.length} ${isComplete}`));
  const [said, unsaid] = [new Announcement(board), new Announcement(board)];
  said.set(endpoint(1));
  said.withdraw();
  unsaid.withdraw();
  for (const announcement of [said, unsaid]) announcement.set(endpoint(2));
  assert.deepEqual(seen, ['0 true', '0 false', '1 false', '0 false', '0 true']);
});
