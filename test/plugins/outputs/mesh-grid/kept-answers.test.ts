import assert from 'node:assert/strict';
import { test } from 'node:test';
import { KeptAnswers } from '../../../../plugins/outputs/mesh-grid/api/kept-answers.js';

function counted(limit: number) {
  const [kept, made] = [new KeptAnswers<string>(limit), [] as string[]];
  const get = (question: string, revision: string): Promise<string> =>
    kept.get(question, revision, async () => {
      made.push(question + revision);
      return question + revision;
    });
  return { kept, made, get };
}

test('an answer is made once for each revision, however many ask', async () => {
  const { made, get } = counted(2);
  assert.deepEqual(await Promise.all([get('a', '1'), get('a', '1')]), ['a1', 'a1']);
  assert.equal(await get('a', '1'), 'a1');
  assert.equal(await get('a', '2'), 'a2');
  assert.equal(await get('a', '2'), 'a2');
  assert.deepEqual(made, ['a1', 'a2']);
});

test('the answers that were asked for last are kept', async () => {
  const { made, get } = counted(2);
  for (const question of ['a', 'b', 'a', 'c', 'a', 'b']) await get(question, '1');
  assert.deepEqual(made, ['a1', 'b1', 'c1', 'b1']);
});

test('what fails fails for all who wait, and is made again for the next', async () => {
  const { kept, made, get } = counted(2);
  const fail = () => kept.get('a', '1', () => Promise.reject(new Error('no')));
  const ends = await Promise.allSettled([fail(), fail()]);
  assert.deepEqual(
    ends.map(({ status }) => status),
    ['rejected', 'rejected'],
  );
  assert.equal(await get('a', '1'), 'a1');
  assert.deepEqual(made, ['a1']);
});
