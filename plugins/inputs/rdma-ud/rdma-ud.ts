/**
 * The RDMA input: UD queue pairs on every port that probe the pinglist's targets and answer the probes of others. What it
 * does not measure: reliable connections, bandwidth, and, where the device stamps no completions, what the program's own
 * standing still cannot be told apart from (docs/rdma.md).
 */

import { gauge } from '../../../core/metric.js';
import type { Accumulator, PluginContext } from '../../../core/plugin.js';
import { replaceableDelayReading } from '../../common/probing/delay-reading.js';
import { ProbingInput } from '../../common/probing/probing-input.js';
import { portNames, portOptions, type RdmaUdConfig } from './config.js';
import { NATIVE_DOOR, type RdmaDoor } from './door.js';
import { PortSource } from './port-source.js';

export class RdmaUdInput extends ProbingInput<'rdma-ud'> {
  readonly #context: PluginContext;
  readonly #ports: PortSource;

  /** Throws ConfigError. */
  constructor(config: RdmaUdConfig, context: PluginContext, door: RdmaDoor = NATIVE_DOOR) {
    const { clock, log } = context;
    const ports = new PortSource({ names: portNames(config), options: portOptions(config), door, clock, log });
    super(context, {
      transport: 'rdma-ud',
      probing: config.probe ? { reading: replaceableDelayReading, perPath: config.per_path } : undefined,
      engines: ports,
    });
    this.#context = context;
    this.#ports = ports;
  }

  override async gather(acc: Accumulator): Promise<void> {
    await super.gather(acc);
    const { open, failed } = this.#ports.standing;
    acc.add({
      name: 'weft_rdma',
      tags: {},
      fields: {
        ports: gauge(open, 'ports'),
        ports_failed: gauge(failed, 'ports'),
        unassigned_targets: gauge(this.unassigned, 'targets'),
      },
      timeNs: this.#context.clock.nowNs(),
    });
  }
}
