/**
 * Fetches this agent's pinglist and hangs it on the board. A list that is refused changes nothing; an agent without an
 * answer for three fetches stops probing (on_loss: stop), since nobody may be left who could tell it to.
 */

import { MAX_PINGLIST_BYTES } from '../../../core/pinglist/limits.js';
import type { Pinglist } from '../../../core/target.js';
import { PeerError } from '../../common/peer/failure.js';
import { type FetchedList, fetchedList } from './answer.js';
import { Cadence, periodicMs, retryMs } from './cadence.js';
import { EarlyFetches } from './early-fetches.js';
import { agentPath, isNotRegistered, keyHeader, type Link } from './link.js';

/** What is late by as many refresh periods is lost. */
export const LOSS_FETCHES = 3;

export interface ListFollowerOptions {
  readonly link: Link;
  readonly onLoss: 'stop' | 'keep';
  /** Of an earlier run, and on the board already. */
  readonly list: FetchedList | undefined;
  /** Between two fetches, ms; may change. */
  readonly refreshMs: () => number;
  /** The controller does not know this agent. */
  readonly onNotRegistered: () => void;
  /** A new good list; it is on the board. */
  readonly onList: (list: FetchedList) => void;
}

export class ListFollower {
  readonly #options: ListFollowerOptions;
  readonly #cadence: Cadence;
  readonly #early: EarlyFetches;
  #pinglist: Pinglist | undefined;
  #etag: string;
  /** When the controller last said which list is right, or was first asked; monotonic, ms. */
  #sinceMs: number | undefined;
  #isConfirmed = false;
  #failures = 0;
  #isLost = false;

  constructor(options: ListFollowerOptions) {
    this.#options = options;
    this.#pinglist = options.list?.pinglist;
    this.#etag = options.list?.etag ?? '';
    this.#cadence = new Cadence(options.link.clock, () => this.#attempt());
    this.#early = new EarlyFetches(options.link.clock, options.link.random, options.refreshMs);
  }

  /** Whether probing has been stopped for want of a controller. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** Since the controller last said that the list is right, ms; undefined: it has not yet. */
  get ageMs(): number | undefined {
    if (!this.#isConfirmed || this.#sinceMs === undefined) return undefined;
    return this.#options.link.clock.monotonicMs() - this.#sinceMs;
  }

  start(): void {
    this.#cadence.start(0);
  }

  /** Somebody has reason to think that the list is out of date. A controller that does not answer is not asked faster. */
  refresh(reason: string): void {
    if (this.#failures > 0) return;
    const waitMs = this.#early.ask();
    if (waitMs === undefined) return;
    this.#options.link.context.log.debug({ reason, waitMs: Math.round(waitMs) }, 'fetching the pinglist early');
    this.#cadence.within(waitMs);
  }

  stop(): void {
    this.#cadence.stop();
  }

  async #attempt(): Promise<number> {
    const { link, refreshMs, onNotRegistered } = this.#options;
    this.#sinceMs ??= link.clock.monotonicMs();
    link.tally.add('fetches');
    this.#early.fetching();
    try {
      const answer = await this.#ask(link);
      if (!link.client.isClosed) this.#accept(answer);
      return periodicMs(refreshMs(), link.random);
    } catch (error) {
      if (link.client.isClosed) return 0;
      const { reason, retryAfterMs } = error instanceof PeerError ? error : {};
      if (reason === 'not_registered') onNotRegistered();
      this.#failures++;
      this.#stopIfLost();
      return retryMs(this.#failures, refreshMs(), link.random, retryAfterMs);
    }
  }

  /** The new list, or undefined when the one we have is right. */
  #ask(link: Link): Promise<FetchedList | undefined> {
    const etag = this.#etag;
    return link.client.ask({
      act: 'fetch',
      method: 'GET',
      path: `${agentPath(link)}/pinglist`,
      headers: { ...keyHeader(link), ...(etag !== '' && { 'if-none-match': etag }) },
      maxBodyBytes: MAX_PINGLIST_BYTES,
      statuses: etag === '' ? [200] : [200, 304],
      read: (answer, url) => (answer.status === 304 ? undefined : fetchedList(answer, url)),
      isFinal: isNotRegistered,
    });
  }

  #accept(fetched: FetchedList | undefined): void {
    const { link, onList } = this.#options;
    const pinglist = fetched?.pinglist ?? this.#pinglist;
    if (pinglist !== undefined && (fetched !== undefined || this.#isLost)) this.#publish(pinglist);
    link.tally.add(fetched === undefined ? 'not_modified' : 'lists');
    if (this.#isLost) link.context.log.info({ revision: pinglist?.revision }, 'the controller answers: probing again');
    this.#isLost = false;
    this.#isConfirmed = true;
    this.#failures = 0;
    this.#sinceMs = link.clock.monotonicMs();
    if (fetched === undefined) return;
    this.#early.changed();
    const isNew = fetched.etag === '' || fetched.etag !== this.#etag;
    this.#pinglist = fetched.pinglist;
    this.#etag = fetched.etag;
    if (isNew) onList(fetched);
  }

  /** Throws PeerError when the board refuses. */
  #publish(pinglist: Pinglist): void {
    const { context, onFailure } = this.#options.link;
    try {
      context.board.publish(context.name, pinglist);
    } catch (cause) {
      const error = new PeerError('bad_list', 'the board refuses the pinglist', { cause });
      onFailure('fetch', error);
      throw error;
    }
    context.log.debug({ revision: pinglist.revision, targets: pinglist.targets.length }, 'pinglist taken');
  }

  /**
   * Retries come faster than fetches, so that an agent is back soon; they must not make it give up any sooner: a
   * controller that restarts is away for some seconds.
   */
  #stopIfLost(): void {
    const { link, onLoss, refreshMs } = this.#options;
    const silentMs = link.clock.monotonicMs() - (this.#sinceMs ?? 0);
    const isLost = this.#failures >= LOSS_FETCHES && silentMs >= LOSS_FETCHES * refreshMs();
    if (!isLost || onLoss === 'keep' || this.#isLost) return;
    this.#isLost = true;
    link.context.board.retract(link.context.name);
    const fields = { silent_s: Math.round(silentMs / 1000) };
    link.context.log.warn(fields, 'no pinglist from the controller: probing stops until it answers again');
  }
}
