/** The output as the agent makes it, and metrics for it. */

import type { TestContext } from 'node:test';
import { decode } from '../../../../core/config/decode.js';
import { asWritten } from '../../../../core/config/schema-tree.js';
import { Distribution } from '../../../../core/distribution.js';
import type { Fields, Metric, Tags } from '../../../../core/metric.js';
import { createBoard } from '../../../../core/pinglist/board.js';
import { type OtlpConfig, OtlpOptions } from '../../../../plugins/outputs/otlp/config.js';
import { OtlpOutput } from '../../../../plugins/outputs/otlp/otlp.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { MemoryLog } from '../../../support/memory-log.js';

export const never: AbortSignal = new AbortController().signal;
export const S = 1_000_000_000n;
export const WINDOW_NS = 10n * S;
/** The end of a window. */
export const T0 = 1_767_225_600n * S;

export function configOf(options: object): OtlpConfig {
  return decode(asWritten(OtlpOptions), options, () => true) as OtlpConfig;
}

export function makeOutput(t: TestContext, options: object) {
  const [clock, log] = [new FakeClock(), new MemoryLog()];
  const agent = { hostname: 'host-a', labels: { tor: 't1' }, version: '0.0.0', windowMs: 10_000 };
  const board = createBoard({ log, maxRate: 1 });
  const output = new OtlpOutput(
    configOf({ resource_attributes: {}, series_expiry: '10m', max_series: 200_000, ...options }),
    {
      name: 'otlp',
      log,
      clock,
      agent,
      board,
    },
  );
  t.after(() => output.close());
  return { output, clock, log };
}

export async function connectedOutput(t: TestContext, options: object) {
  const made = makeOutput(t, options);
  await made.output.connect();
  return made;
}

export function probe(fields: Fields, { timeNs = T0, tags = {} }: { timeNs?: bigint; tags?: Tags } = {}): Metric {
  return { name: 'probe', tags: { transport: 'udp', src: 'host-a', dst: 'host-b', ...tags }, fields, timeNs };
}

export function distributionOf(...values: number[]): Distribution {
  const made = new Distribution();
  for (const value of values) made.record(value);
  return made;
}
