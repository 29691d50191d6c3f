/** Which errors cost a metric, and which are about Redis: a metric is given up only where its own fault is beyond doubt. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PartialWriteError } from '../../../../core/errors.js';
import { PeerError } from '../../../../plugins/common/peer/failure.js';
import { Delivery } from '../../../../plugins/outputs/redis/delivery.js';

const WEIRD = 'ERR value is not what I like';
const WRONG_TYPE = 'WRONGTYPE Operation against a key holding the wrong kind of value';

/** What becomes of metrics for which Redis has these answers: 1, or the text of an error. */
async function outcomeOf(...replies: readonly (number | string)[]): Promise<unknown> {
  const delivery = new Delivery(replies.length, 'Redis at x');
  await delivery.trackEach([...replies.keys()], Promise.resolve(replies));
  try {
    delivery.settle();
    return 'stored';
  } catch (error) {
    if (error instanceof PeerError) return error.message;
    assert.ok(error instanceof PartialWriteError);
    return { accepted: error.accepted, rejected: error.rejected, retry: error.retry };
  }
}

test('an error that says nothing of its cause costs its metric only where others are taken', async () => {
  const rejected = [{ index: 1, reason: 'refused' }];
  assert.deepEqual(await outcomeOf(1, WEIRD), { accepted: [0], rejected, retry: false });
  assert.match(
    String(await outcomeOf(WEIRD, WEIRD)),
    /^cannot write to Redis at x: Redis takes nothing and says ERR value/,
  );
});

test('a key of another type costs its metric even where nothing else is taken', async () => {
  const rejected = [
    { index: 0, reason: 'wrong_type' },
    { index: 1, reason: 'wrong_type' },
  ];
  assert.deepEqual(await outcomeOf(WRONG_TYPE, WRONG_TYPE), { accepted: [], rejected, retry: false });
});

test('what failed for Redis’ sake is kept, whatever else was wrong with it', async () => {
  const outcome = await outcomeOf(1, 'OOM command not allowed', WRONG_TYPE);
  assert.deepEqual(outcome, { accepted: [0], rejected: [{ index: 2, reason: 'wrong_type' }], retry: true });
});
