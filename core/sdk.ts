/** What a plugin from outside may use: `import { definePlugin, Type, gauge } from 'weft'`. The rest of core may change at any time. */

export { type Clock, delay, type Timer } from './clock.js';
export { duration, goesWith, STRICT, type Static, size, type TObject, type TSchema, Type } from './config/schema.js';
export { Distribution } from './distribution.js';
export {
  BatchRefusedError,
  ConfigError,
  type ConfigIssue,
  describeError,
  type ErrorCode,
  PartialWriteError,
  PermanentError,
  type Rejection,
  RetryLaterError,
  StartupError,
  WeftError,
} from './errors.js';
export {
  count,
  distribution,
  type Field,
  type Fields,
  gauge,
  type Metric,
  seriesKey,
  type Tags,
  text,
  type Unit,
} from './metric.js';
export {
  type Accumulator,
  type AgentInfo,
  definePlugin,
  type Input,
  type InputDefinition,
  type Logger,
  type Output,
  type OutputDefinition,
  type PluginContext,
  type PluginDefinition,
  type Processor,
  type ProcessorDefinition,
} from './plugin.js';
export type {
  Announced,
  BoardStatus,
  Endpoint,
  HttpProbe,
  IpTarget,
  Pinglist,
  PinglistBoard,
  RdmaTarget,
  Target,
  TargetOf,
  TcpTarget,
  Transport,
  UdpTarget,
} from './target.js';
