/** From the configuration of a plugin to what runs it: the agent's defaults filled in, its context made. */

import { hostname } from 'node:os';
import { resolve } from 'node:path';
import type { Tracer } from '@opentelemetry/api';
import type { Clock } from '../clock.js';
import type { BufferConfig } from '../config/buffer-options.js';
import type { AgentConfig } from '../config/common.js';
import type { InputInstance, Instance, OutputInstance, ProcessorInstance } from '../config/types.js';
import type { RootLogger } from '../log.js';
import type { Metric } from '../metric.js';
import type { AgentInfo, PluginContext } from '../plugin.js';
import type { PinglistBoard } from '../target.js';
import type { Wanted } from './fleet.js';
import { type InputTiming, RunningInput } from './running-input.js';
import { type DiskPlace, type OutputLimits, RunningOutput } from './running-output.js';
import { RunningProcessor } from './running-processor.js';

/** What every part of the agent is given. */
export interface Environment {
  readonly log: RootLogger;
  readonly clock: Clock;
  /** Of weft itself. */
  readonly version: string;
  readonly board: PinglistBoard;
  /** Of the agent's own traces, if it has any. */
  readonly tracer?: Tracer | undefined;
}

export function agentInfo(agent: AgentConfig, version: string): AgentInfo {
  return { hostname: agent.hostname || hostname(), labels: agent.labels, version, windowMs: agent.window };
}

export function wantInput(
  env: Environment,
  agent: AgentConfig,
  instance: InputInstance,
  emit: (metric: Metric) => void,
): Wanted<RunningInput> {
  const { common } = instance;
  const timing: InputTiming = {
    intervalMs: common.interval ?? agent.interval,
    jitterMs: common.collection_jitter ?? agent.collection_jitter,
    offsetMs: common.collection_offset ?? agent.collection_offset,
  };
  const info = agentInfo(agent, env.version);
  const context = contextOf(env, info, 'input', instance.name);
  const build = (): RunningInput => new RunningInput({ instance, context, timing, emit, tracer: env.tracer });
  return { ...wanted(instance, info, timing), build };
}

export function wantProcessor(
  env: Environment,
  agent: AgentConfig,
  instance: ProcessorInstance,
): Wanted<RunningProcessor> {
  const info = agentInfo(agent, env.version);
  const build = (): RunningProcessor =>
    new RunningProcessor(instance, contextOf(env, info, 'processor', instance.name));
  return { ...wanted(instance, info, {}), build };
}

export function wantOutput(env: Environment, agent: AgentConfig, instance: OutputInstance): Wanted<RunningOutput> {
  const { common, definition, config } = instance;
  const limits: OutputLimits = {
    flushIntervalMs: common.flush_interval ?? agent.flush_interval,
    flushJitterMs: common.flush_jitter ?? agent.flush_jitter,
    batchSize: common.metric_batch_size ?? definition.batchSize?.(config) ?? agent.metric_batch_size,
    bufferLimit: common.metric_buffer_limit ?? agent.metric_buffer_limit,
    disk: diskPlace(common.buffer),
  };
  const info = agentInfo(agent, env.version);
  const context = contextOf(env, info, 'output', instance.name);
  const build = (): RunningOutput => new RunningOutput({ instance, context, limits, tracer: env.tracer });
  return { ...wanted(instance, info, limits), build };
}

function diskPlace(buffer: BufferConfig | undefined): DiskPlace | undefined {
  if (buffer?.type !== 'disk') return undefined;
  return { folder: resolve(buffer.directory), maxBytes: buffer.max_bytes };
}

/** An instance survives a reload if neither its own configuration nor anything it was given by the agent changed. */
function wanted(
  instance: Instance<{ readonly id: string }, unknown>,
  info: AgentInfo,
  settings: object,
): { name: string; id: string; identity: string } {
  const labels = Object.entries(info.labels).sort();
  const identity = JSON.stringify([instance.fingerprint, settings, info.hostname, labels, info.windowMs]);
  return { name: instance.name, id: instance.definition.id, identity };
}

function contextOf(env: Environment, agent: AgentInfo, kind: string, name: string): PluginContext {
  return { name, log: env.log.child({ [kind]: name }), clock: env.clock, agent, board: env.board };
}
