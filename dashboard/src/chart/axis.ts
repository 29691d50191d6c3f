/** Where values stand on an axis, and which of them are written beside it. No window, no document. */

export interface ValueAxis {
  readonly isLog: boolean;
  /** Ascending. */
  readonly ticks: readonly number[];
  /** 0 at the low end, 1 at the high end. */
  placeOf(value: number): number;
}

/** From this ratio of the largest to the smallest value on, a linear axis would press most of them to the ground. */
const LOG_RATIO = 20;
const STEPS = [1, 2, 5];
const MAX_TICKS = 5;

/** Of figures that are never negative. Linear ones begin at 0: half the height is half the value. */
export function valueAxis(values: readonly number[], atLeast = 0): ValueAxis {
  const positive = values.filter((value) => value > 0);
  const max = Math.max(atLeast, ...positive);
  const min = Math.min(...positive);
  if (positive.length > 0 && max / min >= LOG_RATIO && positive.length === values.length) return logAxis(min, max);
  const step = roundUp(max > 0 ? max / (MAX_TICKS - 1) : 1);
  const top = Math.max(1, Math.ceil(max / step - 1e-9)) * step;
  const ticks = Array.from({ length: Math.round(top / step) + 1 }, (_, i) => i * step);
  return { isLog: false, ticks, placeOf: (value) => value / top };
}

export function logAxis(min: number, max: number): ValueAxis {
  const [low, high] = [roundDown(min), roundUp(max)];
  const all: number[] = [];
  for (let power = Math.floor(Math.log10(low)); 10 ** power <= high * 1.001; power += 1)
    for (const step of STEPS) {
      const tick = step * 10 ** power;
      if (tick >= low * 0.999 && tick <= high * 1.001) all.push(tick);
    }
  const decades = all.filter((tick) => Math.abs(Math.log10(tick) - Math.round(Math.log10(tick))) < 1e-9);
  const ticks = all.length <= MAX_TICKS + 1 ? all : decades.length >= 2 ? thinned(decades) : thinned(all);
  const span = Math.log(high / low);
  return { isLog: true, ticks, placeOf: (value) => (span === 0 ? 0.5 : Math.log(value / low) / span) };
}

function thinned(ticks: readonly number[]): readonly number[] {
  const every = Math.ceil(ticks.length / MAX_TICKS);
  return ticks.filter((_, i) => i % every === 0);
}

/** To 1, 2 or 5 times a power of ten. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * (STEPS.find((step) => step * power >= value * (1 - 1e-9)) ?? 10);
}

function roundDown(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * (STEPS.findLast((step) => step * power <= value * (1 + 1e-9)) ?? 1);
}
