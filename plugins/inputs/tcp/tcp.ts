/**
 * The TCP input: connects to the pinglist's targets and accepts the connections of others, both on native engines. What it
 * does not measure: the delay of the far host's program, since its kernel answers a SYN by itself.
 */

import type { PluginContext } from '../../../core/plugin.js';
import { createTcpProber, createTcpReflector } from '../../../native/index.js';
import { checkedFaults } from '../../common/probing/faults.js';
import { ipEngines, type ProberSetup, type ReflectorSetup } from '../../common/probing/ip-engines.js';
import { listeners, sourceAddresses } from '../../common/probing/options.js';
import { ProbingInput } from '../../common/probing/probing-input.js';
import type { TcpConfig } from './config.js';
import { tcpReading } from './reading.js';

export class TcpInput extends ProbingInput<'tcp'> {
  /** Throws ConfigError. */
  constructor(config: TcpConfig, context: PluginContext) {
    const prober = proberOf(config);
    super(context, {
      transport: 'tcp',
      // Without `per_path` a series is of many ports.
      probing: config.probe
        ? { reading: tcpReading({ sourcePort: config.per_path }), perPath: config.per_path }
        : undefined,
      engines: ipEngines(
        { transport: 'tcp', prober: config.probe ? prober : undefined, reflectors: reflectorsOf(config) },
        context.log,
      ),
    });
  }
}

function proberOf(config: TcpConfig): ProberSetup {
  const options = { ...sourceAddresses(config), maxConnections: config.max_connections };
  return {
    open: () => createTcpProber(options),
    expectedClock: 'kernel',
  };
}

function reflectorsOf(config: TcpConfig): ReflectorSetup[] {
  const { fault_loss } = config;
  const places = listeners(config);
  const shown = checkedFaults({ fault_loss }, places);
  const shared = { rateLimit: config.rate_limit, maxConnections: config.max_accepted, faults: { loss: fault_loss } };
  return places.map((listener) => ({
    address: listener.address,
    port: listener.port,
    faults: shown,
    open: () => createTcpReflector({ ...listener, ...shared }),
  }));
}
