/**
 * Points of a batch by what they are called; names, units and places are found once a field, not once a point. Shapes are those
 * of the SDK's data model (`DataPoint`, `ExponentialHistogram`), which the SDK itself has no instrument to make of our sums.
 */

import type { HrTime } from '@opentelemetry/api';
import { type NumericField, type Shape, shapeOf } from './naming.js';

export interface HistogramValue {
  readonly count: number;
  /** Seconds, like `min` and `max`, which an empty histogram does not have. */
  readonly sum: number;
  readonly min?: number;
  readonly max?: number;
  readonly scale: number;
  readonly zeroCount: number;
  readonly positive: { readonly offset: number; readonly bucketCounts: number[] };
  readonly negative: { readonly offset: number; readonly bucketCounts: number[] };
}

export interface Point<V = number | HistogramValue> {
  readonly attributes: Record<string, string>;
  readonly startTime: HrTime;
  readonly endTime: HrTime;
  readonly value: V;
}

/** Points of one name. */
export type Stream = { readonly name: string; readonly unit: string } & (
  | { readonly kind: 'gauge'; readonly points: Point<number>[] }
  | { readonly kind: 'sum'; readonly isWhole: boolean; readonly points: Point<number>[] }
  | { readonly kind: 'histogram'; readonly points: Point<HistogramValue>[] }
);

/** Points that are written as bytes in one go: 200 with distributions take some 20 ms. */
const POINTS_PER_SLICE = 200;

/** The same points in streams of at most POINTS_PER_SLICE. */
export function* slicesOf(streams: readonly Stream[]): Generator<Stream> {
  for (const stream of streams) {
    for (let first = 0; first < stream.points.length; first += POINTS_PER_SLICE) {
      yield { ...stream, points: stream.points.slice(first, first + POINTS_PER_SLICE) } as Stream;
    }
  }
}

/** What differs in name, kind or unit is another metric to OTLP. */
export class Streams {
  readonly #byKey = new Map<string, Stream>();
  readonly #columns = new Map<string, Columns>();

  all(): Stream[] {
    return [...this.#byKey.values()];
  }

  /** Of all metrics called `name`. */
  columns(name: string): Columns {
    let columns = this.#columns.get(name);
    if (columns === undefined) {
      columns = new Columns(name, this.#byKey);
      this.#columns.set(name, columns);
    }
    return columns;
  }
}

class Columns {
  readonly #name: string;
  readonly #streams: Map<string, Stream>;
  readonly #byField = new Map<string, Column>();

  constructor(name: string, streams: Map<string, Stream>) {
    this.#name = name;
    this.#streams = streams;
  }

  get(key: string, field: NumericField): Column {
    const known = this.#byField.get(key);
    if (known !== undefined && known.kind === field.kind && known.unit === field.unit) return known;
    const column = new Column(field, shapeOf(this.#name, key, field), this.#streams);
    this.#byField.set(key, column);
    return column;
  }
}

/** Where the points of one field go. */
class Column {
  readonly kind: NumericField['kind'];
  readonly unit: string;
  readonly shape: Shape;
  readonly #streams: Map<string, Stream>;
  #histogram: Point<HistogramValue>[] | undefined;
  #whole: Point<number>[] | undefined;
  #numbers: Point<number>[] | undefined;

  constructor({ kind, unit }: NumericField, shape: Shape, streams: Map<string, Stream>) {
    this.kind = kind;
    this.unit = unit;
    this.shape = shape;
    this.#streams = streams;
  }

  get histogram(): Point<HistogramValue>[] {
    this.#histogram ??= this.#open<HistogramValue>({ ...this.#called, kind: 'histogram', points: [] });
    return this.#histogram;
  }

  /** Not by the value alone: a total of seconds is whole now and then, and would change its type each time. */
  numbers(value: number): Point<number>[] {
    if (this.kind === 'count' && this.shape.divisor === 1 && Number.isSafeInteger(value)) {
      this.#whole ??= this.#open<number>({ ...this.#called, kind: 'sum', isWhole: true, points: [] });
      return this.#whole;
    }
    this.#numbers ??= this.#open<number>(
      this.kind === 'count'
        ? { ...this.#called, kind: 'sum', isWhole: false, points: [] }
        : { ...this.#called, kind: 'gauge', points: [] },
    );
    return this.#numbers;
  }

  get #called(): { name: string; unit: string } {
    return { name: this.shape.name, unit: this.shape.unit };
  }

  /** The points of a stream like `fresh`, which several fields may share. */
  #open<V extends number | HistogramValue>(fresh: Stream): Point<V>[] {
    const whole = fresh.kind === 'sum' && fresh.isWhole;
    const key = `${fresh.kind} ${whole} ${fresh.unit} ${fresh.name}`;
    const stream = this.#streams.get(key) ?? fresh;
    this.#streams.set(key, stream);
    // The key names the kind, and the kind the type of the points.
    return stream.points as Point<V>[];
  }
}
