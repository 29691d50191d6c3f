/**
 * The plugin contract. A plugin is a definition (what it is called, what its configuration looks like) and a `create`
 * that turns a valid configuration into an instance. Everything that plugins have in common (tags, filters, intervals,
 * buffers, retries, timeouts, self-metrics, fault isolation) lives in the running wrappers of core/pipeline, not here.
 */

import type { Static, TObject } from '@sinclair/typebox';
import type { Clock } from './clock.js';
import type { Metric } from './metric.js';
import type { PinglistBoard } from './target.js';

/** Structured log: fields first, message second (pino's order). */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The agent a plugin runs in. */
export interface AgentInfo {
  /** The tag `src` of this agent's probes. */
  readonly hostname: string;
  /** Labels of this host: tags `src_<label>`. */
  readonly labels: Readonly<Record<string, string>>;
  readonly version: string;
  /** Length of a window, wall-clock aligned, ms. */
  readonly windowMs: number;
}

export interface PluginContext {
  /** Unique among the running plugins of its kind: the alias, or id and position. */
  readonly name: string;
  readonly log: Logger;
  readonly clock: Clock;
  readonly agent: AgentInfo;
  readonly board: PinglistBoard;
}

/** Where an input puts what it gathered. Never throws and never blocks; may be called at any time until `stop` ended. */
export interface Accumulator {
  add(metric: Metric): void;
  /** Reports a failure that does not end the input; it is logged (rate-limited) and counted. */
  addError(error: unknown): void;
}

/**
 * Order of calls: start, then gather any number of times, then stop. No two calls overlap, except that stop may come
 * while a start or gather whose signal was aborted has not returned.
 */
export interface Input {
  /** Opens sockets, starts background work. May throw StartupError. Aborting `signal` means: give up now. */
  start?(acc: Accumulator, signal: AbortSignal): Promise<void>;
  /** Called on the interval; never overlaps itself, a late one makes the agent skip a tick. */
  gather?(acc: Accumulator, signal: AbortSignal): Promise<void>;
  /** Ends background work and hands over what is still held (through the Accumulator). Legal without start, and twice. */
  stop?(): Promise<void>;
}

export interface Processor {
  /** Pure and quick; undefined drops the metric. */
  process(metric: Metric): Metric | Metric[] | undefined;
  stop?(): Promise<void>;
}

/** Order of calls: connect, write any number of times, close. `write` is never concurrent with itself. */
export interface Output {
  /** May throw StartupError. */
  connect?(signal: AbortSignal): Promise<void>;
  /**
   * Resolves = the server has accepted the whole batch. Otherwise the type of the error says what became of it:
   * PartialWriteError (metric by metric), PermanentError (all of it is dropped and counted), BatchRefusedError (write it
   * again in halves, to find what is wrong or to make it smaller), RetryLaterError (keep it, nothing before that time),
   * anything else (keep it, try again with back-off). Nothing else is tried meanwhile: `write` does no retries of its own.
   * What is written again may have arrived before, so a write has to be such that twice is as good as once, or nearly.
   * `batch` is not empty and must not be kept.
   */
  write(batch: readonly Metric[], signal: AbortSignal): Promise<void>;
  /** Legal without connect, and twice. No write comes after it. */
  close?(): Promise<void>;
  /** What it says of itself beyond what the agent says of every output: counts since the last call. Quick; at any time. */
  selfMetrics?(timeNs: bigint): readonly Metric[];
}

interface DefinitionBase<S extends TObject> {
  /** Kebab-case; the key in the configuration. */
  readonly id: string;
  /** One sentence. */
  readonly description: string;
  /** TypeBox object schema of the plugin's own options; the common options are added by the agent. */
  readonly config: S;
  /** Commented sample configuration (YAML: the list under `<kind>s.<id>`), or the file it stands in. */
  readonly sample: string | URL;
}

interface InputBase<S extends TObject> extends DefinitionBase<S> {
  readonly kind: 'input';
}

interface OutputBase<S extends TObject> extends DefinitionBase<S> {
  readonly kind: 'output';
  /** Metrics in one write that suit it, in place of the agent's `metric_batch_size`; undefined: that one does. */
  batchSize?(config: Static<S>): number | undefined;
}

export interface InputDefinition<S extends TObject = TObject> extends InputBase<S> {
  /** Does no I/O; throws ConfigError. `config` is valid, has its defaults, and durations and sizes are numbers. */
  create(config: Static<S>, context: PluginContext): Input;
}

export interface ProcessorDefinition<S extends TObject = TObject> extends DefinitionBase<S> {
  readonly kind: 'processor';
  create(config: Static<S>, context: PluginContext): Processor;
}

export interface OutputDefinition<S extends TObject = TObject> extends OutputBase<S> {
  create(config: Static<S>, context: PluginContext): Output;
}

/** Of a plugin that comes with weft: its code is loaded when a configuration names it, so that others do not hold it in memory. */
interface Lazy<S extends TObject, P> {
  /** Resolves to `create`. */
  load(): Promise<(config: Static<S>, context: PluginContext) => P>;
}

export interface LazyInputDefinition<S extends TObject = TObject> extends InputBase<S>, Lazy<S, Input> {}
export interface LazyOutputDefinition<S extends TObject = TObject> extends OutputBase<S>, Lazy<S, Output> {}

type Opaque<D extends { create(config: never, context: PluginContext): unknown }> = Omit<D, 'create'> & {
  create(config: never, context: PluginContext): ReturnType<D['create']>;
};

type OpaqueLazy<D extends { load(): unknown }, P> = Omit<D, 'load'> & {
  load(): Promise<(config: never, context: PluginContext) => P>;
};

/** Definitions whose configuration type is not known here: what a registry holds. */
export type AnyInputDefinition = Opaque<InputDefinition>;
export type AnyProcessorDefinition = Opaque<ProcessorDefinition>;
export type AnyOutputDefinition = Opaque<OutputDefinition>;
export type LoadedDefinition = AnyInputDefinition | AnyProcessorDefinition | AnyOutputDefinition;
export type LazyDefinition = OpaqueLazy<LazyInputDefinition, Input> | OpaqueLazy<LazyOutputDefinition, Output>;
export type PluginDefinition = LoadedDefinition | LazyDefinition;

export function definePlugin<S extends TObject>(definition: InputDefinition<S>): InputDefinition<S>;
export function definePlugin<S extends TObject>(definition: ProcessorDefinition<S>): ProcessorDefinition<S>;
export function definePlugin<S extends TObject>(definition: OutputDefinition<S>): OutputDefinition<S>;
export function definePlugin<S extends TObject>(definition: LazyInputDefinition<S>): LazyInputDefinition<S>;
export function definePlugin<S extends TObject>(definition: LazyOutputDefinition<S>): LazyOutputDefinition<S>;
export function definePlugin(definition: object): object {
  return definition;
}
