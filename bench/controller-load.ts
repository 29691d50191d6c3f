/** The load of many agents on a controller, made in a process of its own (controller-load-process.ts), phase by phase. */

import { fileURLToPath } from 'node:url';
import { JsonChild } from './child.js';

export const MAX_AGENTS = 20_000;
export const MAX_STEADY_MS = 600_000;

export interface LoadPlan {
  readonly url: string;
  readonly token: string;
  /** Of a Clos fleet; at most MAX_AGENTS. */
  readonly agents: number;
  /** Time over which all of them register, and then fetch their first list. */
  readonly rampMs: number;
  /** Of steady load before what is measured begins. */
  readonly settleMs: number;
  /** With settleMs at most MAX_STEADY_MS. */
  readonly measureMs: number;
  /** Agents that look for the newcomer, beside those that must find it. */
  readonly sample: number;
}

/** Of the agents, and of all of them together. */
export interface Share {
  readonly min: number;
  readonly mean: number;
  readonly max: number;
  readonly total: number;
}

export interface Latency {
  readonly p50: number;
  readonly p99: number;
}

/** What the first lists held, when all agents had registered. */
export interface FirstLists {
  readonly targets: Share;
  readonly probesPerSecond: Share;
  /** Of fetching a whole list, ms. */
  readonly latencyMs: Latency;
}

export interface SteadyLoad {
  readonly heartbeats: number;
  readonly fetches: number;
  /** Of the fetches: answered with 304. */
  readonly notModified: number;
  /** Of all fetches, ms. */
  readonly latencyMs: Latency;
}

/** After one more agent has registered: whose next fetch brought it. */
export interface Joining {
  readonly asked: number;
  /** Of those asked: whom the policies give the newcomer. */
  readonly expected: number;
  /** Of those expected: who got it. */
  readonly holding: number;
  /** Who got it without being expected to. */
  readonly strangers: number;
}

/** Every phase ends with its figures; calls are to be made in this order. Any request that fails ends the load. */
export class ControllerLoad {
  readonly #child: JsonChild;

  constructor(plan: LoadPlan) {
    const script = fileURLToPath(new URL('./controller-load-process.js', import.meta.url));
    this.#child = new JsonChild(process.execPath, [script, JSON.stringify(plan)]);
  }

  registered(): Promise<{ readonly agents: number }> {
    return this.#child.next();
  }

  firstLists(): Promise<FirstLists> {
    return this.#child.next();
  }

  /** Resolves when what is measured begins. */
  settled(): Promise<object> {
    return this.#child.next();
  }

  /** Resolves when it ends. */
  steady(): Promise<SteadyLoad> {
    return this.#child.next();
  }

  joined(): Promise<Joining> {
    return this.#child.next();
  }

  stop(): Promise<void> {
    return this.#child.dispose();
  }
}
