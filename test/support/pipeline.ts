/** Configurations of made-up plugins, for tests that run them. */

import { Type } from '@sinclair/typebox';
import type { AgentConfig, InputConfig, OutputConfig, ProcessorConfig } from '../../core/config/common.js';
import type { Config, InputInstance, Instance, OutputInstance, ProcessorInstance } from '../../core/config/types.js';
import type { Environment } from '../../core/pipeline/wiring.js';
import type { Input, Output, PluginContext, Processor } from '../../core/plugin.js';
import type { PinglistBoard } from '../../core/target.js';
import { FakeClock } from './fake-clock.js';
import { MemoryLog } from './memory-log.js';

export const AGENT: AgentConfig = {
  interval: 10_000,
  collection_jitter: 0,
  collection_offset: 0,
  flush_interval: 10_000,
  flush_jitter: 0,
  metric_batch_size: 10,
  metric_buffer_limit: 100,
  window: 10_000,
  max_rate: 10_000,
  hostname: 'host-a',
  labels: {},
  log_level: 'info',
  log_format: 'json',
  shutdown_timeout: 5000,
};

const NO_BOARD: PinglistBoard = {
  publish() {},
  retract() {},
  subscribe: () => () => {},
  requestRefresh() {},
  subscribeRefreshes: () => () => {},
  announce: () => () => {},
  expectEndpoints: () => () => {},
  subscribeEndpoints: () => () => {},
  status: () => ({
    provider: undefined,
    revision: '',
    targets: { udp: 0, tcp: 0, 'rdma-ud': 0 },
    requestedRate: 0,
    rate: 0,
    scale: 1,
    clampedIntervals: 0,
    clampedPayloads: 0,
  }),
};

export interface TestEnvironment extends Environment {
  readonly log: MemoryLog;
  readonly clock: FakeClock;
}

export const environment = (): TestEnvironment => ({
  log: new MemoryLog(),
  clock: new FakeClock(),
  version: '1.2.3',
  board: NO_BOARD,
});

export const contextOf = (env: TestEnvironment, name = 'it'): PluginContext => ({
  name,
  log: env.log,
  clock: env.clock,
  agent: { hostname: 'host-a', labels: {}, version: env.version, windowMs: 10_000 },
  board: env.board,
});

interface Extra {
  readonly id?: string;
  /** Changes the fingerprint. */
  readonly revision?: number;
}

function instance<P, C>(kind: string, name: string, common: C, extra: Extra, create: (context: PluginContext) => P) {
  const id = extra.id ?? name;
  return {
    definition: {
      kind,
      id,
      description: `A made-up ${kind}.`,
      config: Type.Object({}),
      sample: '',
      create: (_config: never, context: PluginContext) => create(context),
    },
    name,
    common,
    config: {} as never,
    fingerprint: JSON.stringify([id, common, extra.revision ?? 0]),
  } satisfies Instance<unknown, C>;
}

export function input(
  name: string,
  create: (context: PluginContext) => Input,
  { id, revision, ...common }: Partial<InputConfig> & Extra = {},
): InputInstance {
  return instance(
    'input',
    name,
    { startup_error_behavior: 'error' as const, ...common },
    { ...definedOf({ id, revision }) },
    create,
  ) as InputInstance;
}

export function processor(
  name: string,
  create: (context: PluginContext) => Processor,
  { id, revision, ...common }: Partial<ProcessorConfig> & Extra = {},
): ProcessorInstance {
  return instance(
    'processor',
    name,
    { startup_error_behavior: 'error' as const, ...common },
    { ...definedOf({ id, revision }) },
    create,
  ) as ProcessorInstance;
}

export function output(
  name: string,
  create: (context: PluginContext) => Output,
  { id, revision, ...common }: Partial<OutputConfig> & Extra = {},
): OutputInstance {
  return instance(
    'output',
    name,
    { startup_error_behavior: 'error' as const, ...common },
    { ...definedOf({ id, revision }) },
    create,
  ) as OutputInstance;
}

function definedOf(extra: { id: string | undefined; revision: number | undefined }): Extra {
  return {
    ...(extra.id === undefined ? {} : { id: extra.id }),
    ...(extra.revision === undefined ? {} : { revision: extra.revision }),
  };
}

export interface Parts {
  readonly agent?: Partial<AgentConfig>;
  readonly inputs?: readonly InputInstance[];
  readonly processors?: readonly ProcessorInstance[];
  readonly outputs?: readonly OutputInstance[];
}

export const configOf = ({ agent, inputs = [], processors = [], outputs = [] }: Parts): Config => ({
  agent: { ...AGENT, ...agent },
  inputs,
  processors,
  outputs,
  sections: {},
  files: [],
});
