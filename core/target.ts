/** The pinglist and the board it hangs on: who probes whom. Leaf contract; core/pinglist/ implements it. */

export const TRANSPORTS = ['udp', 'tcp', 'rdma-ud'] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** Why a target is on the list: the policy that put it there. */
export type Mode = string;

interface TargetBase {
  /** Name of the destination host: the tag `dst`. */
  readonly dst: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** Number of paths (UDP source ports, RoCE flow labels, queue pairs) the probes are spread over. */
  readonly paths: number;
  /**
   * 0–255: the paths are those with the ids firstPath … firstPath + paths − 1, modulo 256. A path id stands for the same
   * entropy for as long as the prober runs; moving firstPath on by one exchanges one path for another.
   */
  readonly firstPath: number;
  /** Bytes of transport payload a probe carries at least; TCP: bytes to be echoed once connected, 0 = none. */
  readonly payloadBytes: number;
  /** 0–63. */
  readonly dscp: number;
  /** IP TTL or hop limit, 1–255. */
  readonly ttl: number;
  readonly mode: Mode | undefined;
  /** Labels of the destination host: tags `dst_<label>`. */
  readonly labels: Readonly<Record<string, string>>;
}

interface IpTargetBase extends TargetBase {
  /** IPv4 or IPv6 literal. */
  readonly address: string;
  readonly port: number;
}

export interface UdpTarget extends IpTargetBase {
  readonly transport: 'udp';
  /** Send the bare 44-byte STAMP packet, no TLVs. */
  readonly plain: boolean;
}

export interface TcpTarget extends IpTargetBase {
  readonly transport: 'tcp';
  /** Ask for this once connected, in place of the echo of a payload. */
  readonly http: HttpProbe | undefined;
}

export interface HttpProbe {
  /** Begins with a slash. */
  readonly path: string;
  /** Of the Host header; '' = the target's address. */
  readonly host: string;
  /** Status of a good answer. */
  readonly status: number;
}

export type IpTarget = UdpTarget | TcpTarget;

export interface RdmaTarget extends TargetBase {
  readonly transport: 'rdma-ud';
  readonly gid: string;
  readonly qpn: number;
  readonly lid: number;
  /** Local device to probe from; undefined = any. */
  readonly device: string | undefined;
}

export type Target = UdpTarget | TcpTarget | RdmaTarget;

export interface Pinglist {
  readonly revision: string;
  readonly targets: readonly Target[];
}

/** Where this host answers: a reflector announces it, the controller input registers it. */
export interface Endpoint {
  readonly transport: Transport;
  readonly address: string;
  readonly port: number;
  readonly attributes: Readonly<Record<string, string | number>>;
}

/** Where this host answers now. */
export interface Announced {
  readonly endpoints: readonly Endpoint[];
  /** False: some of its reflectors are about to say where they answer, or that they cannot. */
  readonly isComplete: boolean;
}

export type TargetOf<T extends Transport> = Extract<Target, { transport: T }>;

/** What is on the board and what the safety limits did to it. */
export interface BoardStatus {
  /** Who holds the board; undefined = nobody, and then there are no targets. */
  readonly provider: string | undefined;
  readonly revision: string;
  readonly targets: Readonly<Record<Transport, number>>;
  /** Probes a second that the published list asks for, and that are sent after all limits. */
  readonly requestedRate: number;
  readonly rate: number;
  /** Factor (≥ 1) by which every interval was stretched to stay under the agent's `max_rate`. */
  readonly scale: number;
  /** Targets whose interval was raised because their pair would have been probed more often than every 10 ms. */
  readonly clampedIntervals: number;
  /** Targets whose payload was cut to the hard bound. */
  readonly clampedPayloads: number;
}

/**
 * One provider (inputs/pinglist or inputs/controller), many readers. Lists on the board are valid and within the safety
 * limits: the board clamps intervals and scales rates, and reports it. All calls are made on the main thread.
 */
export interface PinglistBoard {
  /**
   * Replaces the whole pinglist. Throws WeftError WEFT_PINGLIST when a safety limit refuses the list or another
   * provider holds the board; the old list then stays.
   */
  publish(provider: string, pinglist: Pinglist): void;
  /** Clears the board if `provider` holds it. Probing stops, answering goes on. */
  retract(provider: string): void;
  /** Calls `listener` now and after every change of this transport's targets. Returns the unsubscribe function. */
  subscribe<T extends Transport>(transport: T, listener: (targets: readonly TargetOf<T>[]) => void): () => void;
  /**
   * A reader has reason to think that the list is out of date: the provider is asked for a fresh one, and decides how
   * soon it can bear that. `reason` is for the log.
   */
  requestRefresh(reason: string): void;
  /** For the provider: calls `listener` whenever a fresh list is asked for. Returns the unsubscribe function. */
  subscribeRefreshes(listener: (reason: string) => void): () => void;
  /** Announces where this host answers; the returned function takes it back. */
  announce(endpoint: Endpoint): () => void;
  /**
   * Says that endpoints may be announced in a moment, so that the host is not registered without them. Inputs start side
   * by side: it is called before `start` awaits anything. The returned function ends it, whatever came of it.
   */
  expectEndpoints(): () => void;
  /** Calls `listener` now and after every change. Returns the unsubscribe function. */
  subscribeEndpoints(listener: (announced: Announced) => void): () => void;
  status(): BoardStatus;
}
