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
  board.subscribeEndpoints(({ endpoints }) => seen.push(endpoints.map(({ attributes }) => attributes.qpn).join()));
  const announcement = new Announcement(board);
  announcement.set(undefined);
  announcement.set(endpoint(1));
  announcement.set(endpoint(1));
  announcement.set(endpoint(2));
  announcement.set(undefined);
  announcement.set(undefined);
  announcement.set(endpoint(2));
  assert.deepEqual(seen, ['', '1', '1,2', '2', '', '2']);
});
