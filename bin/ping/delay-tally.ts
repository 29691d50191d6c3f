/** What `weft ping` sums up on transports that stamp probes at both ends. */

import { Distribution } from '../../core/distribution.js';
import type { PingReply } from '../../plugins/common/probing/ping.js';
import type { PingFigure, PingTally } from './report.js';

/** In ns; NaN: not measured. */
interface Delays {
  readonly networkRttNs: number;
  readonly proberDelayNs: number;
  readonly responderDelayNs: number;
}

export class DelayTally implements PingTally<Delays | undefined> {
  readonly answeredRemark = '';
  readonly lines = [];
  readonly counts = {};
  readonly #networkRtt = new Distribution();
  readonly #proberDelay = new Distribution();
  readonly #responderDelay = new Distribution();
  readonly figures: readonly PingFigure[] = [
    { name: 'network RTT', key: 'network_rtt', distribution: this.#networkRtt },
    { name: 'prober delay', key: 'prober_delay', distribution: this.#proberDelay },
    { name: 'responder delay', key: 'responder_delay', distribution: this.#responderDelay },
  ];

  add({ result, reading }: PingReply<Delays | undefined>): void {
    if (result !== 'success' || reading === undefined) return;
    record(this.#networkRtt, reading.networkRttNs);
    record(this.#proberDelay, reading.proberDelayNs);
    record(this.#responderDelay, reading.responderDelayNs);
  }
}

/** Delays of hosts may come out negative by a hair, where two clocks are involved. */
function record(distribution: Distribution, ns: number): void {
  if (!Number.isNaN(ns)) distribution.record(Math.max(0, ns));
}
