import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authorizer } from '../../../../plugins/common/http/auth.js';

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const basic = authorizer({ scheme: 'basic', username: 'ann', password: 'p:ä' });
const bearer = authorizer({ scheme: 'bearer', token: 'tok' });

const CASES: readonly [header: string | undefined, basic: boolean, bearer: boolean][] = [
  [undefined, false, false],
  ['', false, false],
  ['Basic', false, false],
  [`Basic ${base64('ann:p:ä')}`, true, false],
  [`bAsIc ${base64('ann:p:ä')}`, true, false],
  [`Basic ${base64('ann:p')}`, false, false],
  [`Basic ${base64('')}`, false, false],
  [`Bearer ${base64('ann:p:ä')}`, false, false],
  ['Bearer tok', false, true],
  ['bearer tok', false, true],
  ['Bearer tok2', false, false],
  ['Bearer ', false, false],
  ['tok', false, false],
  [`Bearer ${'x'.repeat(1_000_000)}`, false, false],
];
for (const [header, asBasic, asBearer] of CASES) {
  test(`Authorization: ${header?.slice(0, 40)}`, () => {
    assert.equal(basic.allows(header), asBasic);
    assert.equal(bearer.allows(header), asBearer);
  });
}
