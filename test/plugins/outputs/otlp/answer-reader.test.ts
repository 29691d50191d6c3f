/** What goes out and comes back through the serializer that keeps the answer. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { metrics } from '@opentelemetry/sdk-node';
import { BatchRefusedError } from '../../../../core/errors.js';
import { AnswerReader } from '../../../../plugins/outputs/otlp/answer-reader.js';

const LIMIT = 64 * 1024 * 1024;
const REQUEST = {} as metrics.ResourceMetrics;

/** Of requests that are as many bytes as the last of `sizes`, which is taken. */
const readerOf = (...sizes: number[]) =>
  new AnswerReader({
    serializeRequest: () => Buffer.allocUnsafe(sizes.pop() ?? 0),
    deserializeResponse: () => ({}),
  });

const isTooLarge = (error: unknown): boolean => error instanceof BatchRefusedError && error.tooLarge;

test('a request over the limit of the specification is not sent: it is to be halved', async () => {
  assert.equal(readerOf(LIMIT).serializeRequest(REQUEST)?.length, LIMIT);
  assert.throws(() => readerOf(LIMIT + 1).serializeRequest(REQUEST), isTooLarge);
  const sliced = readerOf(LIMIT - 1, 2);
  await sliced.prepare([REQUEST, REQUEST]);
  assert.throws(() => sliced.serializeRequest(REQUEST), isTooLarge);
});
