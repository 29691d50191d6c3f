import assert from 'node:assert/strict';
import { test } from 'node:test';
import { authorizationOf, digestSecret, includesDigest } from '../../../core/http/secret.js';

test('a digest is found at any place, and nowhere else', () => {
  const digests = ['a', 'b', 'c'].map(digestSecret);
  for (const secret of ['a', 'b', 'c']) assert.ok(includesDigest(digests, digestSecret(secret)), secret);
  for (const secret of ['', 'A', 'ab']) assert.equal(includesDigest(digests, digestSecret(secret)), false, secret);
  assert.equal(includesDigest([], digestSecret('')), false);
});

test('only a header of the scheme, and of a sane length', () => {
  assert.equal(authorizationOf('bEaReR  tok ', 'bearer'), 'tok');
  for (const header of [undefined, '', 'bearer', 'Basic tok', `Bearer ${'x'.repeat(5000)}`]) {
    assert.equal(authorizationOf(header, 'bearer'), undefined);
  }
});
