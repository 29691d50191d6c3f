import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeFrame, type Frame, nextFrame } from '../../../../core/pipeline/disk/frame.js';

const LINES = ['["a"]', '["é"]', '["😀"]'];

function framesOf(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  for (let frame = nextFrame(bytes, 0); frame !== undefined; frame = nextFrame(bytes, frame.end)) frames.push(frame);
  return frames;
}

test('frames one after the other', () => {
  const frames = framesOf(Buffer.concat([encodeFrame(7, LINES), encodeFrame(10, ['x'])]));
  assert.deepEqual(
    frames.map(({ first, count, lines }) => [first, count, lines]),
    [
      [7, 3, LINES],
      [10, 1, ['x']],
    ],
  );
});

test('the form on the disk does not change', () => {
  assert.equal(
    encodeFrame(258, ['{}', 'é']).toString('hex'),
    'ff57460100000005000000000000010200000002933f4495000000004fb7c6957b7d0ac3a9',
  );
});

test('a frame with damaged lines says how many it had, and the next one is found', () => {
  const [first, second] = [encodeFrame(0, LINES), encodeFrame(3, LINES)];
  first[40] = 0;
  const frames = framesOf(Buffer.concat([first, second]));
  assert.deepEqual(
    frames.map(({ first: from, count, lines }) => [from, count, lines?.length]),
    [
      [0, 3, undefined],
      [3, 3, 3],
    ],
  );
});

test('whatever bytes are changed, cut out or put in, no line is read that was not written', () => {
  const written = Array.from({ length: 6 }, (_, i) => encodeFrame(i * 3, [`a${i}`, `b${i}`, `c${i}`]));
  const whole = Buffer.concat(written);
  const harm = fc.record({ at: fc.nat(whole.length - 1), cut: fc.nat(40), put: fc.uint8Array({ maxLength: 40 }) });
  fc.assert(
    fc.property(harm, ({ at, cut, put }) => {
      const bytes = Buffer.concat([whole.subarray(0, at), put, whole.subarray(at + cut)]);
      for (const { first, lines } of framesOf(bytes)) {
        const i = first / 3;
        if (lines !== undefined) assert.deepEqual(lines, [`a${i}`, `b${i}`, `c${i}`]);
      }
    }),
    { numRuns: 2000 },
  );
});
