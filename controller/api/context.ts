/** What the routes work on. */

import type { Clock } from '../../core/clock.js';
import type { Access } from '../../core/http/access.js';
import type { PinglistGenerator } from '../../core/pinglist/generate/generator.js';
import type { AgentEntry } from '../agent-entry.js';
import type { ControllerConfig } from '../config.js';
import type { Registry } from '../registry.js';
import type { ControllerMetrics } from './metrics.js';

export interface ApiContext {
  /** As they are now: a reload changes them. */
  settings(): Pick<ControllerConfig, 'heartbeat' | 'refresh' | 'policies' | 'rate_limit'>;
  /** The one that works now: a reload replaces it. */
  generator(): PinglistGenerator;
  readonly registry: Registry;
  readonly access: Access;
  readonly metrics: ControllerMetrics;
  readonly clock: Clock;
  /** The labels that count: the topology's before those registered. */
  labelsOf(entry: AgentEntry): Readonly<Record<string, string>>;
}
