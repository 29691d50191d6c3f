/** What an RDMA engine is told and tells: mirrors native/src/rdma/rdma.h. */

import type { ClockName } from './slice.js';

/** Of the payload of every probe and answer: native/src/rdma. */
export const RDMA_PAYLOAD_BYTES = 40;

export interface RdmaEngineOptions {
  /** Name of the device, such as mlx5_0. */
  readonly device: string;
  /** Number of the device's port, from 1. */
  readonly port: number;
  /** Index into the port's GID table; −1: the port's GID of `address`, or else the one that suits best. */
  readonly gidIndex: number;
  /** IPv4 or IPv6 literal whose GID is wanted; '' = any. */
  readonly address: string;
  readonly pkeyIndex: number;
  /** Of all queue pairs; probes with another are dropped by the device. */
  readonly qkey: number;
  /** 0–15. */
  readonly serviceLevel: number;
  /** 0–255: of probes whose target names no DSCP; an answer has that of its probe. */
  readonly trafficClass: number;
  /** Queue pairs that probes are sent from; 0 = one, or eight where the driver ignores flow labels. */
  readonly queuePairs: number;
  /** Receive buffers of each end, the prober and the reflector; a queue pair has 256 at least. */
  readonly receiveSlots: number;
  /** Probes a second answered to one GID (InfiniBand without a GRH: LID), with a burst of as many; 0: no limit. */
  readonly rateLimit: number;
  /** Polls the completion queue without sleeping: a core is taken. */
  readonly busyPoll: boolean;
  readonly probe: boolean;
  readonly reflect: boolean;
}

export type RdmaState = 'active' | 'down' | 'gone';

/** What an RDMA engine is, after its last change. */
export interface RdmaStatus {
  /** `down`: its port is not active. `gone`: the device failed, was removed, or lost its GID; it is opened again. */
  readonly state: RdmaState;
  /** Of the reflector: what others need to probe it. Meaningful while `active`. */
  readonly gid: string;
  readonly qpn: number;
  readonly lid: number;
  readonly gidIndex: number;
  readonly link: RdmaLink;
  /** Clock of the stamps: `hardware` with completion timestamps, else `user`. */
  readonly clock: ClockName;
  /** What happened since the last call, oldest first: lines for people. */
  readonly events: readonly string[];
}

export type RdmaLink = 'roce' | 'infiniband';

export interface RdmaDevice {
  readonly name: string;
  /** The driver ignores flow labels (soft-RoCE): paths are queue pairs. */
  readonly soft: boolean;
  /** What kind of completion timestamps there are. */
  readonly timestamps: 'wallclock' | 'ticks' | 'none';
  /** Of the completion timestamps' clock, when they are ticks; 0 = unknown. */
  readonly clockKhz: number;
  readonly ports: readonly RdmaPort[];
  /** Why it could not be asked: then it has no ports. '' when it could. */
  readonly problem: string;
}

export interface RdmaPort {
  readonly number: number;
  /** As ibv_port_state_str says it: PORT_ACTIVE, PORT_DOWN, … */
  readonly state: string;
  readonly link: RdmaLink;
  readonly mtu: number;
  readonly lid: number;
  readonly gids: readonly RdmaGid[];
}

export interface RdmaGid {
  readonly index: number;
  readonly gid: string;
  readonly type: 'ib' | 'roce-v1' | 'roce-v2';
  /** The network interface it belongs to; '' when there is none. */
  readonly interface: string;
  /** The engine would choose this one by itself. */
  readonly preferred: boolean;
}
