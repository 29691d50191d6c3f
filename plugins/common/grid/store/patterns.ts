/**
 * What the picture of a grid says, as Pingmesh's operators read it: a white cross is something that is down, a red cross
 * something that is in trouble (of a host also its column or its row alone), red everywhere but for green blocks on the
 * diagonal a trouble of the spine. A cell is *silent* (no data), *failing* (probes, no answer), *bad* (*slow* or *lossy*: p99 of
 * the network's round trip, or else loss, at or above the limits) or *good*. Needs the same members on both axes.
 */

import type { Axis } from './axis.js';
import type { Level } from './hosts.js';

export interface PatternLimits {
  /** `timeout / sent`. */
  readonly badLoss: number;
  /** p99 of network_rtt. */
  readonly badNs: number;
  /** Of the cells that are looked at, how many have to agree. */
  readonly share: number;
}

/** One member, or (`spine_trouble`) one DC. */
export interface Pattern {
  readonly pattern: PatternName;
  readonly level: Level;
  readonly name: string;
  /** The rule that was met. */
  readonly rule: string;
  readonly shape: PatternShape;
  readonly figure: PatternFigure;
}

/** Where it stands in the picture: row and column of its member, one of both, or the blocks on the diagonal. */
export const PATTERN_SHAPES = ['cross', 'row', 'column', 'blocks'] as const;
export type PatternShape = (typeof PATTERN_SHAPES)[number];

/** The figure that has most of its bad cells; `any`: they have no answer, which every figure shows. */
export const PATTERN_FIGURES = ['any', 'loss', 'network_rtt'] as const;
export type PatternFigure = (typeof PATTERN_FIGURES)[number];

/** What a rule finds in the picture. */
type Sight = Pick<Pattern, 'rule' | 'shape' | 'figure'>;

export const PATTERNS = [
  'host_down',
  'tor_down',
  'pod_down',
  'dc_down',
  'host_trouble',
  'tor_trouble',
  'leaf_trouble',
  'dc_trouble',
  'spine_trouble',
] as const;
export type PatternName = (typeof PATTERNS)[number];

const DOWN = { host: 'host_down', tor: 'tor_down', pod: 'pod_down', dc: 'dc_down' } as const;
/** The switches that all ways of a pod have in common are its leaves. */
const TROUBLE = { host: 'host_trouble', tor: 'tor_trouble', pod: 'leaf_trouble', dc: 'dc_trouble' } as const;

/** One cell says nothing about which of its two ends is at fault. */
const MIN_PEERS = 2;

const [SILENT, FAILING, LOSSY, SLOW, GOOD] = [0, 1, 2, 3, 4] as const;
type Health = 0 | 1 | 2 | 3 | 4;

export interface PatternInput {
  readonly axis: Axis;
  readonly states: Uint8Array;
  readonly loss: Float64Array;
  /** p99 of network_rtt. */
  readonly p99Ns: Float64Array;
}

export function patternsOf(input: PatternInput, limits: PatternLimits): Pattern[] {
  const { axis } = input;
  const size = axis.names.length;
  const health = Uint8Array.from(input.states, (_, cell) => healthOf(input, cell, limits));
  const cellAt = (row: number, column: number): Health => (health[row * size + column] ?? SILENT) as Health;
  const down = findDown(size, cellAt);
  const found = [...down].map(([member, rule]) => {
    const sight: Sight = { rule, shape: 'cross', figure: 'any' };
    return patternOf(axis, DOWN[axis.level], member, sight);
  });
  for (const [dc, members] of membersByDc(axis)) {
    const up = members.filter((member) => !down.has(member));
    found.push(...findTrouble(axis, dc, up, cellAt, limits));
  }
  return found;
}

type CellAt = (row: number, column: number) => Health;

function healthOf({ states, loss, p99Ns }: PatternInput, cell: number, { badLoss, badNs }: PatternLimits): Health {
  const state = states[cell] ?? 0;
  if (state === 0) return SILENT;
  if (state === 1) return FAILING;
  if ((p99Ns[cell] ?? 0) >= badNs) return SLOW;
  return (loss[cell] ?? 0) >= badLoss ? LOSSY : GOOD;
}

const SILENT_RULE = 'down: it reports nothing (white row), and nobody gets an answer from it (white or failing column)';
const FAILING_RULE = `down: none of its probes is answered, and nobody gets an answer from it, with at least ${MIN_PEERS} others`;

/** First who reports nothing; then, with these left out, who reports that nothing works. */
function findDown(size: number, cellAt: CellAt): Map<number, string> {
  const down = new Map<number, string>();
  const all = Array.from({ length: size }, (_, member) => member);
  const isUnanswered = (health: Health): boolean => health <= FAILING;
  for (const member of all) {
    const isSilent = all.every((other) => cellAt(member, other) === SILENT);
    if (isSilent && all.every((other) => isUnanswered(cellAt(other, member)))) down.set(member, SILENT_RULE);
  }
  const up = all.filter((member) => !down.has(member));
  for (const member of up) {
    const isAlone = up.every((other) => isUnanswered(cellAt(member, other)) && isUnanswered(cellAt(other, member)));
    if (!isAlone) continue;
    const tried = up.filter((other) => other !== member && cellAt(member, other) + cellAt(other, member) > SILENT);
    if (tried.length >= MIN_PEERS) down.set(member, FAILING_RULE);
  }
  return down;
}

/** At the level of DCs all of them stand together. */
function membersByDc({ level, dcs }: Axis): Map<string, number[]> {
  const byDc = new Map<string, number[]>();
  for (const [member, dc] of dcs.entries()) {
    const key = level === 'dc' ? '' : dc;
    const members = byDc.get(key);
    if (members === undefined) byDc.set(key, [member]);
    else members.push(member);
  }
  return byDc;
}

function findTrouble(
  axis: Axis,
  dc: string,
  members: readonly number[],
  cellAt: CellAt,
  { share }: PatternLimits,
): Pattern[] {
  const [inside, across] = [new Tally(), new Tally()];
  const crosses = members.map((member) => new Cross(member));
  for (const [i, one] of crosses.entries()) {
    inside.add(cellAt(one.member, one.member));
    for (let j = i + 1; j < crosses.length; j += 1) {
      const other = crosses[j] ?? one;
      const [there, back] = [cellAt(one.member, other.member), cellAt(other.member, one.member)];
      if (there === SILENT && back === SILENT) continue;
      const block = axis.pods[one.member] === axis.pods[other.member] ? inside : across;
      block.addBoth(there, back);
      one.add(there, back);
      other.add(back, there);
    }
  }
  if (axis.level !== 'dc' && across.badShare >= share && inside.goodShare >= share) {
    const rule = `spine: of the cells between pods at least ${share} are bad, of those within pods at least ${share} are good`;
    return [{ pattern: 'spine_trouble', level: 'dc', name: dc, rule, shape: 'blocks', figure: across.figure }];
  }
  const red = crosses.flatMap((cross) => {
    const sight = cross.sight(share, axis.level);
    return sight === undefined ? [] : [{ member: cross.member, sight }];
  });
  // Where half of all are bad the cause is not any one of them.
  if (red.length * 2 >= members.length) return [];
  return red.map(({ member, sight }) => patternOf(axis, TROUBLE[axis.level], member, sight));
}

/** The cells of one member with others: its row, and its column. */
class Cross {
  readonly member: number;
  readonly #row = new Tally();
  readonly #column = new Tally();
  readonly #cells = new Tally();
  #peers = 0;

  constructor(member: number) {
    this.member = member;
  }

  /** The two cells with one other: its own probes, and those of the other. */
  add(own: Health, others: Health): void {
    this.#row.add(own);
    this.#column.add(others);
    this.#cells.addBoth(own, others);
    this.#peers += 1;
  }

  /** By which it is in trouble; undefined if it is not. */
  sight(share: number, level: Level): Sight | undefined {
    if (this.#peers < MIN_PEERS) return undefined;
    const of = 'are bad or failing, of fewer than half of its DC';
    if (this.#cells.badShare >= share) {
      const rule = `red cross: at least ${share} of its cells with others ${of}`;
      return { rule, shape: 'cross', figure: this.#cells.figure };
    }
    // One dead host reddens the column of its whole ToR, as it reports nothing itself.
    if (level !== 'host') return undefined;
    if (this.#column.badShare >= share) {
      const rule = `red column: at least ${share} of the cells towards it ${of}; it answers badly and probes well`;
      return { rule, shape: 'column', figure: this.#column.figure };
    }
    if (this.#row.badShare >= share) {
      const rule = `red row: at least ${share} of the cells of its own probes ${of}; it probes badly and answers well`;
      return { rule, shape: 'row', figure: this.#row.figure };
    }
    return undefined;
  }
}

class Tally {
  #cells = 0;
  #good = 0;
  #lossy = 0;
  #slow = 0;

  /** A silent cell does not count. */
  add(health: Health): void {
    if (health === SILENT) return;
    this.#cells += 1;
    if (health === GOOD) this.#good += 1;
    else if (health === LOSSY) this.#lossy += 1;
    else if (health === SLOW) this.#slow += 1;
  }

  addBoth(one: Health, other: Health): void {
    this.add(one);
    this.add(other);
  }

  /** 0 without cells. */
  get goodShare(): number {
    return this.#cells === 0 ? 0 : this.#good / this.#cells;
  }

  get badShare(): number {
    return this.#cells === 0 ? 0 : 1 - this.#good / this.#cells;
  }

  get figure(): PatternFigure {
    const failing = this.#cells - this.#good - this.#lossy - this.#slow;
    if (failing > this.#lossy && failing > this.#slow) return 'any';
    return this.#lossy > this.#slow ? 'loss' : 'network_rtt';
  }
}

function patternOf({ level, names }: Axis, pattern: PatternName, member: number, sight: Sight): Pattern {
  return { pattern, level, name: names[member] ?? '', ...sight };
}
