/** A mesh for the pages of pairs and hosts: eight hosts, some windows, a gap, one slow pair with two paths. */

import type { Page } from 'playwright-core';
import type { Metric } from '../../core/metric.js';
import { probe } from '../plugins/common/grid/store/probes.js';
import { madeWindow } from './made-mesh.js';
import { type MeshServer, WINDOW_MS } from './mesh-server.js';

export const PLAN = { torsPerPod: 1 };
export const [HOST, PEER] = ['d1p1t1-h1', 'd1p1t1-h2'];
export const WINDOWS = 8;
/** Waits until the address has all of these. */
export const hashHas = (page: Page, ...parts: readonly string[]) =>
  page.waitForURL(({ hash }) => parts.every((part) => hash.includes(part)));

/** Counted from the newest one: of this window nothing is known. */
export const GAP = 3;

/** End of window `back`, counted from the newest whole one. */
export type EndOf = (back: number) => number;

/** `endMs`: of the newest window. */
export async function fillDetailMesh(server: MeshServer, endMs = server.endMs): Promise<EndOf> {
  const endOf: EndOf = (back) => endMs - back * WINDOW_MS;
  for (let back = WINDOWS - 1; back >= 0; back -= 1) {
    if (back === GAP) continue;
    await server.write(
      madeWindow(
        {
          ...PLAN,
          fault: (src, dst) => {
            // Written below, path by path.
            if (src.name === HOST && dst.name === PEER) return 'silent';
            return src.name === 'd1p2t1-h4' && dst.name === HOST ? 'dead' : undefined;
          },
        },
        endOf(back),
      ),
    );
    await server.write([pathMetric('10', 7_000_000, endOf(back)), pathMetric('2', 90_000, endOf(back))]);
  }
  await server.write(madeWindow({ ...PLAN, transport: 'tcp' }, endMs));
  return endOf;
}

function pathMetric(path: string, networkNs: number, endMs: number): Metric {
  const place = { dc: 'dc1', pod: 'p1', tor: 't1' };
  const labels = Object.entries(place).flatMap(([label, value]) => [
    [`src_${label}`, value],
    [`dst_${label}`, value],
  ]);
  const tags = { path, ...Object.fromEntries(labels) };
  const values = Array.from({ length: 10 }, () => networkNs);
  const metric = probe({ src: HOST, dst: PEER, networkNs: values, proberNs: values, responderNs: values, tags });
  return { ...metric, timeNs: BigInt(endMs) * 1_000_000n };
}
