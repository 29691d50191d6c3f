/** Where the engines of a probing input come from, and what the input has to know of each. Leaf contract. */

import type { Fields, Tags } from '../../../core/metric.js';
import type { Accumulator } from '../../../core/plugin.js';
import type { Endpoint, TargetOf, Transport } from '../../../core/target.js';
import type { ClockName, EngineHandle } from '../../../native/index.js';

/** What an engine probes. */
export interface ProberSide<T extends Transport> {
  /** Tells the input's probers apart, in every run alike: targets are dealt by it. */
  readonly name: string;
  /** Clock under which a target that has never answered is counted. */
  readonly expectedClock: ClockName;
  /** Whether it reaches the target. Asked anew after each change of the engine. */
  canProbe(target: TargetOf<T>): boolean;
}

/** What an engine answers. */
export interface ReflectorSide {
  /** Where others reach it now; undefined: nowhere. Asked anew after each change of the engine. */
  endpoint(): Endpoint | undefined;
}

/** An engine that probes, answers, or both. */
export interface OpenEngine<T extends Transport> {
  /** Belongs to the input from now on. */
  readonly handle: EngineHandle;
  /** Of its metrics: `engine`, and what tells it from others of that kind. */
  readonly tags: Tags;
  readonly prober?: ProberSide<T>;
  readonly reflector?: ReflectorSide;
  /** What its metrics say beside its counters. */
  fields?(): Fields;
  /** Called when the engine tells that it changed, before anything is asked anew. */
  onChanged?(): void;
}

export interface EngineSource<T extends Transport> {
  /**
   * Opens the engines and hands them over; a source whose engines come and go may do so again until `stop`. Throws
   * StartupError when the input cannot run; what was handed over by then is closed by the input.
   */
  start(mount: (engines: readonly OpenEngine<T>[]) => void, acc: Accumulator): Promise<void> | void;
  /** Hands over nothing from now on. Legal without start, and twice. */
  stop(): void;
}
