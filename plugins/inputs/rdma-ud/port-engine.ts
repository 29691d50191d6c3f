/** An open port: what its engine is to the input, through all that happens to the device. */

import { type Fields, type Tags, text } from '../../../core/metric.js';
import { canonicalAddress } from '../../../core/pinglist/address.js';
import type { Logger } from '../../../core/plugin.js';
import type { Endpoint, RdmaTarget } from '../../../core/target.js';
import type { EngineHandle, RdmaStatus } from '../../../native/index.js';
import type { OpenEngine, ProberSide, ReflectorSide } from '../../common/probing/engine-source.js';
import type { RdmaDoor } from './door.js';
import { formatPort, type PortRef } from './ports.js';
import { reachOf, reachOfTarget } from './reach.js';

export interface PortEngineOptions {
  readonly ref: PortRef;
  readonly handle: EngineHandle;
  readonly door: Pick<RdmaDoor, 'rdmaStatus'>;
  readonly log: Logger;
  readonly probe: boolean;
  readonly reflect: boolean;
}

export class PortEngine implements OpenEngine<'rdma-ud'> {
  readonly handle: EngineHandle;
  readonly tags: Tags;
  readonly prober?: ProberSide<'rdma-ud'>;
  readonly reflector?: ReflectorSide;
  readonly #options: PortEngineOptions;
  #status: RdmaStatus;
  /** Where others reach it, or last did. */
  #known: RdmaStatus;
  #reach: string;

  /** Throws NativeError when the engine is closed. */
  constructor(options: PortEngineOptions) {
    const { ref, handle, door, log } = options;
    this.#options = options;
    this.handle = handle;
    this.tags = { engine: 'port', device: formatPort(ref) };
    this.#status = door.rdmaStatus(handle);
    this.#known = this.#status;
    this.#reach = reachOf(this.#known.link, this.#known.gid);
    const { clock, gid, gidIndex, qpn, lid, link } = this.#status;
    const canProbe = (target: RdmaTarget): boolean => this.#canProbe(target);
    if (options.probe) this.prober = { name: formatPort(ref), expectedClock: clock, canProbe };
    if (options.reflect) this.reflector = { endpoint: () => this.#endpoint() };
    log.info({ device: formatPort(ref), link, gid, gidIndex, qpn, lid, clock }, 'RDMA port opened');
  }

  onChanged(): void {
    const { ref, handle, door, log } = this.#options;
    this.#status = door.rdmaStatus(handle);
    const { state, gid, qpn, lid, events } = this.#status;
    if (state === 'active') {
      this.#known = this.#status;
      this.#reach = reachOf(this.#known.link, gid);
    }
    const fields = { device: formatPort(ref), state, ...(state === 'active' && { gid, qpn, lid }) };
    for (const event of events) {
      if (state === 'active') log.info(fields, event);
      else log.warn(fields, event);
    }
  }

  /** Beside the counters of the engine, `active` among them. */
  fields(): Fields {
    return { state: text(this.#status.state) };
  }

  /** An engine that is down keeps its targets: it probes them again once it is back. */
  #canProbe(target: RdmaTarget): boolean {
    const { device, port } = this.#options.ref;
    const isNamed = target.device === undefined || target.device === device || target.device === `${device}:${port}`;
    return isNamed && reachOfTarget(target) === this.#reach;
  }

  /** A link that is down stays announced, since others are to see it as loss; a queue pair that is gone does not. */
  #endpoint(): Endpoint | undefined {
    if (this.#status.state === 'gone') return undefined;
    const { gid, qpn, lid } = this.#known;
    const { device } = this.#options.ref;
    return {
      transport: 'rdma-ud',
      address: canonicalAddress(gid) ?? gid,
      port: 0,
      attributes: { gid, qpn, lid, device },
    };
  }
}
