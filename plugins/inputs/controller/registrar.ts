/** Tells the controller who this agent is and where it answers: at once when that changes, and again as a heartbeat. */

import { MAX_REGISTRATION_BYTES, type Registration } from '../../../core/control/registration.js';
import { formatAddress } from '../../../core/http/listen-address.js';
import type { Announced, Endpoint } from '../../../core/target.js';
import { PeerError } from '../../common/peer/failure.js';
import { registrationAnswer } from './answer.js';
import { Cadence, periodicMs, retryMs } from './cadence.js';
import { type Addresses, connectionAddress, resolveEndpoints } from './endpoints.js';
import { agentPath, isNotRegistered, keyHeader, type Link } from './link.js';

/** Until the controller says otherwise. */
const DEFAULT_PERIOD_MS = 60_000;
/** Whatever it says: an agent that was sent away for years would never be found again. */
const MAX_PERIOD_MS = 3_600_000;
/**
 * Endpoints that are about to be announced are waited for: others would drop this host from their lists, and take up with
 * it anew. A device whose driver hangs must not hide what else answers here for longer.
 */
export const PATIENCE_MS = 10_000;

export interface RegistrarOptions {
  readonly link: Link;
  /** See ControllerSettings. */
  readonly advertised: Partial<Addresses>;
  /** Called after each attempt, whatever became of it. */
  readonly onAttempted: () => void;
}

export class Registrar {
  readonly #options: RegistrarOptions;
  readonly #cadence: Cadence;
  #announced: Announced = { endpoints: [], isComplete: true };
  /** Since when a registration has waited for endpoints, monotonic, ms. */
  #waitingSinceMs: number | undefined;
  #failures = 0;
  #isRegistered = false;
  #heartbeatMs = DEFAULT_PERIOD_MS;
  #refreshMs = DEFAULT_PERIOD_MS;
  /** What was last said to be left out. */
  #saidLeftOut = '';

  constructor(options: RegistrarOptions) {
    this.#options = options;
    this.#cadence = new Cadence(options.link.clock, () => this.#attempt());
  }

  /** As far as this agent knows. */
  get isRegistered(): boolean {
    return this.#isRegistered;
  }

  /** Time between two fetches, ms. */
  get refreshMs(): number {
    return this.#refreshMs;
  }

  start(delayMs: number): void {
    this.#cadence.start(delayMs);
  }

  stop(): void {
    this.#cadence.stop();
  }

  setEndpoints(announced: Announced): void {
    const hasChanged = announced.endpoints !== this.#announced.endpoints;
    this.#announced = announced;
    if (hasChanged) this.#cadence.soon();
    if (!announced.isComplete || this.#waitingSinceMs === undefined) return;
    this.#waitingSinceMs = undefined;
    this.#cadence.within(0);
  }

  /** The first contact comes within `delayMs`, if it was to come later. */
  hasten(delayMs: number): void {
    this.#cadence.within(delayMs);
  }

  /** The controller does not know this agent any more. */
  forgotten(): void {
    this.#isRegistered = false;
    this.#cadence.soon();
  }

  async #attempt(): Promise<number> {
    const { link, onAttempted } = this.#options;
    const patienceMs = this.#patienceMs(link.clock.monotonicMs());
    if (patienceMs > 0) return patienceMs;
    const waitMs = await this.#register(link);
    if (!link.client.isClosed) onAttempted();
    return waitMs;
  }

  /** How long to wait for endpoints that are about to be announced. */
  #patienceMs(nowMs: number): number {
    if (this.#announced.isComplete) return 0;
    this.#waitingSinceMs ??= nowMs;
    return Math.max(0, this.#waitingSinceMs + PATIENCE_MS - nowMs);
  }

  async #register(link: Link): Promise<number> {
    try {
      const answer = await link.client.ask({
        act: 'register',
        method: 'PUT',
        path: agentPath(link),
        headers: { ...keyHeader(link), 'content-type': 'application/json' },
        body: (localAddress) => JSON.stringify(this.#registration(localAddress)),
        maxBodyBytes: MAX_REGISTRATION_BYTES,
        statuses: [200],
        read: registrationAnswer,
        isFinal: isNotRegistered,
      });
      this.#heartbeatMs = Math.min(answer.heartbeat_ms, MAX_PERIOD_MS);
      this.#refreshMs = Math.min(answer.refresh_ms, MAX_PERIOD_MS);
      this.#registered(link);
      return periodicMs(this.#heartbeatMs, link.random);
    } catch (error) {
      this.#isRegistered = false;
      this.#failures++;
      const retryAfterMs = error instanceof PeerError ? error.retryAfterMs : undefined;
      return retryMs(this.#failures, this.#heartbeatMs, link.random, retryAfterMs);
    }
  }

  #registered({ tally, context, client }: Link): void {
    tally.add('registrations');
    const fields = { url: client.url.href, id: context.agent.hostname };
    if (!this.#isRegistered) context.log.info(fields, 'registered with the controller');
    this.#isRegistered = true;
    this.#failures = 0;
  }

  #registration(localAddress: string | undefined): Registration {
    const { link, advertised } = this.#options;
    const { labels, version } = link.context.agent;
    const addresses = { ...connectionAddress(localAddress), ...advertised };
    const { endpoints, leftOut } = resolveEndpoints(this.#announced.endpoints, addresses);
    this.#sayLeftOut(leftOut);
    return { version: 1, weft: version, labels: { ...labels }, endpoints: endpoints.map(copyOf) };
  }

  /** Once for as long as it stays the same. */
  #sayLeftOut(leftOut: readonly Endpoint[]): void {
    const said = leftOut.map(({ transport, address, port }) => `${transport} ${formatAddress(address, port)}`);
    const text = said.join(', ');
    if (text !== this.#saidLeftOut && text !== '') {
      const message = 'not registered, since other hosts have no address for it: set advertise_address(_ipv6)';
      this.#options.link.context.log.warn({ endpoints: said }, message);
    }
    this.#saidLeftOut = text;
  }
}

/** The board's endpoints are shared and read-only. */
function copyOf({ transport, address, port, attributes }: Endpoint): Registration['endpoints'][number] {
  return { transport, address, port, attributes: { ...attributes } };
}
