/**
 * 64 bits that stand for one target of one row, values included: the same target of the same window comes twice when an
 * agent did not hear the answer, but an agent that restarted in mid-window has other values, which count as well. Not
 * cryptographic; who lets strangers choose what is compared seeds it at random, so that nobody can prepare rows that look
 * like another's.
 */

import { randomInt } from 'node:crypto';
import type { Distribution } from '../../../core/distribution.js';
import type { Field, Metric } from '../../../core/metric.js';

/** What is read and written at each step: one object for all, since there are 30 000 targets a second. */
export interface Fingerprint {
  high: number;
  low: number;
}

/** What the prints of one process begin with. */
export const RANDOM_SEED: Readonly<Fingerprint> = { high: randomInt(2 ** 32), low: randomInt(2 ** 32) };
/** For prints that several processes have to agree on. */
export const COMMON_SEED: Readonly<Fingerprint> = { high: 0xdeadbeef, low: 0x41c6ce57 };

/** Into `print`. The order of tags counts. */
export function fingerprint({ tags, fields, timeNs }: Metric, print: Fingerprint, seed = RANDOM_SEED): void {
  print.high = seed.high;
  print.low = seed.low;
  addText(print, timeNs.toString(36));
  for (const tag in tags) {
    addText(print, tag);
    addText(print, tags[tag] ?? '');
  }
  for (const name in fields) {
    addText(print, name);
    const field = fields[name];
    if (field !== undefined) addField(print, field);
  }
  finish(print);
}

function addField(print: Fingerprint, field: Field): void {
  switch (field.kind) {
    case 'text':
      addText(print, field.value);
      break;
    case 'distribution':
      addDistribution(print, field.value);
      break;
    default:
      addNumber(print, field.value);
  }
}

function addDistribution(print: Fingerprint, { count, sumNsNumber, minNs, maxNs }: Distribution): void {
  addNumber(print, count);
  addNumber(print, sumNsNumber);
  addNumber(print, minNs);
  addNumber(print, maxNs);
}

/** Two multiplicative hashes side by side (cyrb53's), over UTF-16 units and an end that no text has. */
function addText(print: Fingerprint, text: string): void {
  let { high, low } = print;
  for (let i = 0; i < text.length; i += 1) {
    const unit = text.charCodeAt(i);
    high = Math.imul(high ^ unit, 2_654_435_761);
    low = Math.imul(low ^ unit, 1_597_334_677);
  }
  print.high = Math.imul(high ^ 0x10000, 2_654_435_761);
  print.low = Math.imul(low ^ 0x10000, 1_597_334_677);
}

const BITS = new Float64Array(1);
const HALVES = new Uint32Array(BITS.buffer);

function addNumber(print: Fingerprint, value: number): void {
  BITS[0] = value;
  const [first = 0, second = 0] = HALVES;
  print.high = Math.imul(Math.imul(print.high ^ first, 2_654_435_761) ^ second, 2_654_435_761);
  print.low = Math.imul(Math.imul(print.low ^ first, 1_597_334_677) ^ second, 1_597_334_677);
  mix(print);
}

/** Multiplication carries upwards only: the upper bits have to get down again. */
function mix(print: Fingerprint): void {
  print.high ^= print.high >>> 15;
  print.low ^= print.low >>> 13;
}

function finish(print: Fingerprint): void {
  const { high, low } = print;
  const a = Math.imul(high ^ (high >>> 16), 2_246_822_507) ^ Math.imul(low ^ (low >>> 13), 3_266_489_909);
  const b = Math.imul(low ^ (low >>> 16), 2_246_822_507) ^ Math.imul(a ^ (a >>> 13), 3_266_489_909);
  print.high = a >>> 0;
  print.low = b >>> 0;
}
