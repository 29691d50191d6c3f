/**
 * The UDP input: a STAMP prober of the pinglist's targets and a STAMP reflector for others, both on native engines. What
 * it does not measure: one-way delays, and anything beyond the path of its own packets.
 */

import type { PluginContext } from '../../../core/plugin.js';
import { createUdpProber, createUdpReflector } from '../../../native/index.js';
import { delayReading } from '../../common/probing/delay-reading.js';
import { checkedFaults } from '../../common/probing/faults.js';
import { ipEngines, type ProberSetup, type ReflectorSetup } from '../../common/probing/ip-engines.js';
import { listeners, sourceAddresses } from '../../common/probing/options.js';
import { ProbingInput } from '../../common/probing/probing-input.js';
import type { UdpConfig } from './config.js';

export class UdpInput extends ProbingInput<'udp'> {
  /** Throws ConfigError. */
  constructor(config: UdpConfig, context: PluginContext) {
    const prober = proberOf(config);
    super(context, {
      transport: 'udp',
      probing: config.probe ? { reading: delayReading, perPath: config.per_path } : undefined,
      engines: ipEngines(
        { transport: 'udp', prober: config.probe ? prober : undefined, reflectors: reflectorsOf(config) },
        context.log,
      ),
    });
  }
}

function proberOf(config: UdpConfig): ProberSetup {
  const options = { ...sourceAddresses(config), timestamps: config.timestamps, key: Buffer.from(config.key) };
  return {
    open: () => createUdpProber(options),
    expectedClock: config.timestamps === 'user' ? 'user' : 'kernel',
  };
}

function reflectorsOf(config: UdpConfig): ReflectorSetup[] {
  const { rate_limit: rateLimit, timestamps, fault_loss, fault_network_delay, fault_responder_delay } = config;
  const places = listeners(config);
  const shown = checkedFaults({ fault_loss, fault_network_delay, fault_responder_delay }, places);
  const faults = {
    loss: fault_loss,
    networkDelayMs: fault_network_delay,
    responderDelayMs: fault_responder_delay,
  };
  const shared = { rateLimit, timestamps, key: Buffer.from(config.key), faults };
  return places.map((listener) => ({
    address: listener.address,
    port: listener.port,
    faults: shown,
    open: () => createUdpReflector({ ...listener, ...shared }),
  }));
}
