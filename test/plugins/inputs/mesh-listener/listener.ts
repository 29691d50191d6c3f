/** A real listener on a free port, whose clock stands at the beginning of the window that `probe()` is of. */

import type { TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import { decode } from '../../../../core/config/decode.js';
import { asWritten } from '../../../../core/config/schema-tree.js';
import type { ListenerLimits } from '../../../../core/http/listener.js';
import type { Metric } from '../../../../core/metric.js';
import { createBoard } from '../../../../core/pinglist/board.js';
import { encodeRows, rowsDocument } from '../../../../plugins/common/grid/row-encoder.js';
import { type MeshListenerConfig, MeshListenerOptions } from '../../../../plugins/inputs/mesh-listener/config.js';
import { MeshListenerInput } from '../../../../plugins/inputs/mesh-listener/mesh-listener.js';
import { type Answered, type Asked, send } from '../../../controller/api/controller.js';
import { TestAccumulator } from '../../../support/accumulator.js';
import { FakeClock } from '../../../support/fake-clock.js';
import { MemoryLog } from '../../../support/memory-log.js';
import { WINDOW_MS } from '../../common/grid/metrics.js';

export const TOKENS = {
  agent: 'agent-token-0123456789',
  reader: 'reader-token-0123456789',
  admin: 'admin-token-0123456789',
};
const BY_ROLE = { agent: [TOKENS.agent], reader: [TOKENS.reader], admin: [TOKENS.admin] };

export function makeListener(changes: object = {}, limits: Partial<ListenerLimits> = {}) {
  const [clock, log] = [new FakeClock(), new MemoryLog()];
  const written = { listen: '127.0.0.1:0', tokens: BY_ROLE, ...changes };
  const config = decode(asWritten(MeshListenerOptions), written, () => true) as MeshListenerConfig;
  const agent = { hostname: 'grid', labels: {}, version: '0.0.0', windowMs: WINDOW_MS };
  const context = { name: 'mesh-listener', log, clock, agent, board: createBoard({ log, maxRate: 100 }) };
  return { input: new MeshListenerInput(config, context, limits), clock, log };
}

export class TestListener {
  readonly acc = new TestAccumulator();
  readonly input: MeshListenerInput;
  readonly clock: FakeClock;
  readonly log: MemoryLog;

  constructor({ input, clock, log }: ReturnType<typeof makeListener>) {
    this.input = input;
    this.clock = clock;
    this.log = log;
  }

  get url(): string {
    return this.input.url ?? '';
  }

  /** A request as an agent makes it, but for what `changes` says. */
  async post(body: string | Buffer, { headers, ...changes }: Partial<Asked> = {}): Promise<Answered> {
    return await send(this.url, {
      method: 'POST',
      path: '/v1/rows',
      token: TOKENS.agent,
      body,
      headers: { ...(Buffer.isBuffer(body) && { 'content-encoding': 'gzip' }), ...headers },
      ...changes,
    });
  }

  push(metrics: readonly Metric[], changes?: Partial<Asked>): Promise<Answered> {
    return this.post(packed(metrics), changes);
  }

  /** What it says of itself since the last time: `name{tag}.field` → value. */
  async counters(): Promise<Record<string, number>> {
    const acc = new TestAccumulator();
    await this.input.gather(acc);
    const entries = acc.metrics.flatMap(({ name, tags, fields }) => {
      const [tag] = Object.values(tags);
      return Object.entries(fields).map(([key, { value }]) => {
        return [`${name.replace('weft_mesh_listener', '')}${tag === undefined ? '' : `{${tag}}`}.${key}`, value];
      });
    });
    return Object.fromEntries(entries.filter(([, value]) => value !== 0));
  }
}

export const packed = (metrics: readonly Metric[]): Buffer =>
  gzipSync(JSON.stringify(rowsDocument(encodeRows(metrics, WINDOW_MS).rows)));

export async function startedListener(
  t: Pick<TestContext, 'after'>,
  changes: object = {},
  limits: Partial<ListenerLimits> = {},
): Promise<TestListener> {
  const listener = new TestListener(makeListener(changes, limits));
  const { input, clock, acc } = listener;
  t.after(async () => {
    const stopped = input.stop();
    // Its patience with connections that are still open.
    await clock.advance(1000);
    await stopped;
  });
  await input.start(acc, new AbortController().signal);
  return listener;
}
