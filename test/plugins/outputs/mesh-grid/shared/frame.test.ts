import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CellSums } from '../../../../../plugins/common/grid/store/cell.js';
import {
  decodeFrame,
  encodeFrame,
  framesOf,
  parseRowName,
  rowName,
} from '../../../../../plugins/outputs/mesh-grid/shared/frame.js';
import { at, durations, END_MS, type Probes, probe, storeOf } from '../../../common/grid/store/probes.js';

const text = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 60 });

function framed(probes: Probes) {
  const metric = probe(probes);
  const reading = storeOf().read(metric, END_MS);
  assert.ok(typeof reading !== 'string', String(reading));
  return { reading, name: rowName(reading), frame: encodeFrame(reading, metric) };
}

test('what a metric says comes back from its frame', () => {
  const property = fc.property(
    fc.record({ src: text, dst: text, networkNs: durations, proberNs: durations, timeout: fc.nat(1e9) }),
    fc.array(text, { maxLength: 6 }),
    (probes, [dc = '', pod = '', tor = '', ...others]) => {
      const [otherDc = '', otherPod = '', otherTor = ''] = others;
      const tags = { ...at('src', dc, pod, tor), ...at('dst', otherDc, otherPod, otherTor) };
      const { reading, name, frame } = framed({ ...probes, tags });
      const row = parseRowName(name);
      assert.deepEqual(row, { transport: 'udp', src: probes.src });
      const back = decodeFrame(frame, row ?? assert.fail(), END_MS, new CellSums());
      const labels = Object.entries(tags).filter(([, label]) => label !== '');
      assert.deepEqual({ ...back, sums: '' }, { ...reading, tags: Object.fromEntries(labels), sums: '' });
      assert.deepEqual(back.sums, reading.sums);
    },
  );
  fc.assert(property);
});

test('frames of a row are told apart, and what is cut off is left', () => {
  const frames = ['b', 'c', 'd'].map((dst) => framed({ src: 'a', dst, networkNs: [20_000] }).frame);
  const row = Buffer.concat(frames);
  assert.deepEqual([...framesOf(row)], frames);
  for (let cut = 1; cut < (frames[2]?.length ?? 0); cut += 1)
    assert.deepEqual([...framesOf(row.subarray(0, row.length - cut))], frames.slice(0, 2));
});

test('two paths of a pair have frames of their own, though they measured the same', () => {
  const [one, other] = ['49152', '49153'].map(
    (path) => framed({ src: 'a', dst: 'b', timeout: 10, tags: { path } }).frame,
  );
  assert.notDeepEqual(one, other);
});

test('bytes that are no frame are refused, whatever they are', () => {
  const { frame } = framed({ src: 'a', dst: 'b', networkNs: [20_000, 21_000], proberNs: [5] });
  const row = { transport: 'udp', src: 'a' };
  const decoded = (bytes: Buffer): void => void decodeFrame(bytes, row, END_MS, new CellSums());
  for (const bytes of [Buffer.alloc(0), Buffer.alloc(40), Buffer.alloc(40, 0xff), frame.subarray(0, -1)])
    assert.throws(() => decoded(bytes), RangeError);
  const property = fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    try {
      decoded(Buffer.from(bytes));
    } catch (error) {
      assert.ok(error instanceof RangeError, String(error));
    }
  });
  fc.assert(property);
  assert.equal(parseRowName('host'), undefined);
});
