import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GridHead } from '../../dashboard/src/api/types.js';
import { BANDS, CELL_COLOURS, type Rgb } from '../../dashboard/src/heatmap/colours.js';
import { bandOf, colourOf, scaleOf } from '../../dashboard/src/heatmap/scale.js';
import { THEMES } from '../../dashboard/src/ui/theme.js';

type Vector = readonly [number, number, number];
type Matrix = readonly [Vector, Vector, Vector];

/** Machado, Oliveira and Fernandes 2009, severity 1.0, on linear sRGB. */
const VISIONS: Readonly<Record<string, Matrix>> = {
  normal: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
};
/** sRGB to CIE XYZ, D65. */
const XYZ: Matrix = [
  [0.4124, 0.3576, 0.1805],
  [0.2126, 0.7152, 0.0722],
  [0.0193, 0.1192, 0.9505],
];
/** CIE76: some 2 are just seen side by side; these are meant to be seen across a room. */
const MIN_DIFFERENCE = 20;

function times(matrix: Matrix, [x, y, z]: Vector): Vector {
  const row = (i: 0 | 1 | 2) => matrix[i][0] * x + matrix[i][1] * y + matrix[i][2] * z;
  return [row(0), row(1), row(2)];
}

function labOf(rgb: Rgb, vision: Matrix): Vector {
  const linear = (value: number) =>
    value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4;
  const seen = times(vision, [linear(rgb[0]), linear(rgb[1]), linear(rgb[2])]);
  const [x, y, z] = times(XYZ, [clamp(seen[0]), clamp(seen[1]), clamp(seen[2])]);
  const f = (t: number) => (t > 0.008856 ? Math.cbrt(t) : 7.787 * t + 16 / 116);
  return [116 * f(y) - 16, 500 * (f(x / 0.9505) - f(y)), 200 * (f(y) - f(z / 1.089))];
}

function clamp(value: number): number {
  return Math.min(1, Math.max(0, value));
}

for (const theme of THEMES) {
  const { bands, failed, noData } = CELL_COLOURS[theme];
  const ends = BANDS.flatMap((band) => bands[band]);

  test(`${theme}: lightness alone tells better from worse`, () => {
    const vision = VISIONS.normal as Matrix;
    const lightness = [...ends, failed].map((rgb) => labOf(rgb, vision)[0] * (theme === 'dark' ? 1 : -1));
    for (const [i, value] of lightness.entries()) assert.ok(i === 0 || value > (lightness[i - 1] ?? 0), `${lightness}`);
  });

  for (const [name, vision] of Object.entries(VISIONS)) {
    test(`${theme}: neighbours on the scale are told apart with ${name}`, () => {
      const steps: [Rgb, Rgb][] = BANDS.slice(1).map((band, i) => [bands[BANDS[i] ?? band][1], bands[band][0]]);
      for (const [one, other] of [...steps, [bands.worst[1], failed], [bands.good[0], failed]] as [Rgb, Rgb][]) {
        const [a, b] = [labOf(one, vision), labOf(other, vision)];
        const difference = Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
        assert.ok(difference >= MIN_DIFFERENCE, `${one} and ${other}: ${difference}`);
      }
    });
  }

  test(`${theme}: no data is not taken for good`, () => {
    const [a, b] = [labOf(noData, VISIONS.normal as Matrix), labOf(bands.good[0], VISIONS.normal as Matrix)];
    assert.ok(Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]) > 5);
  });
}

const head: GridHead = {
  ...{ transport: 'udp', level: 'host', delay: 'network_rtt', stat: 'p99', window: null, src: [], dst: [] },
  ...{ src_groups: [], dst_groups: [], patterns: [] },
  ...{ unit: 'ns', thresholds: { latency_ns: [1e6, 5e6, 2e7], loss: [0.05, 0.2, 0.5] } },
};

test('bands begin at the steps of the server', () => {
  const latency = scaleOf({ ...head, unit: 'ns' }, 1e9);
  const bands = [0, 999_999, 1e6, 4_999_999, 5e6, 2e7, 1e12].map((value) => bandOf(latency, value));
  assert.deepEqual(bands, ['good', 'good', 'fair', 'fair', 'bad', 'worst', 'worst']);
  const loss = scaleOf({ ...head, unit: 'ratio' }, 1);
  assert.deepEqual(
    [0, 0.05, 0.2, 0.5, 1].map((value) => bandOf(loss, value)),
    ['good', 'fair', 'bad', 'worst', 'worst'],
  );
  const colours = CELL_COLOURS.dark;
  for (const [band, value] of [
    ['good', 0],
    ['fair', 1e6],
    ['bad', 5e6],
    ['worst', 2e7],
  ] as const)
    assert.deepEqual(colourOf(latency, colours, value), colours.bands[band][0]);
});

test('a count is no trouble by itself, unless it counts trouble', () => {
  const sent = scaleOf({ ...head, unit: 'probes', stat: 'sent' }, 40);
  assert.equal(bandOf(sent, 40), undefined);
  assert.deepEqual(colourOf(sent, CELL_COLOURS.dark, 40), CELL_COLOURS.dark.bands.fair[1]);
  const lost = scaleOf({ ...head, unit: 'probes', stat: 'timeout' }, 40);
  assert.deepEqual(colourOf(lost, CELL_COLOURS.dark, 40), CELL_COLOURS.dark.bands.worst[1]);
  assert.deepEqual(colourOf(lost, CELL_COLOURS.dark, 0), CELL_COLOURS.dark.bands.good[0]);
});
