/**
 * Writes the latest windows: many in one command, or each by itself where keys that go together have to be in one slot, as in
 * a cluster, and behind some proxies.
 */

import { isErrorReply } from '../../../core/redis/error-reply.js';
import { PeerError } from '../../common/peer/failure.js';
import { forLog } from '../../common/peer/problem.js';
import { LATEST } from './lua.js';
import type { MetricRecord } from './record.js';
import { mishapOf } from './replies.js';
import { tableOf } from './script-table.js';

/** What became of one: whether it was newer, 1 or 0, or the error it met with. */
export type Reply = number | string;

/** Runs a script, https://redis.io/docs/latest/commands/evalsha/ */
export type Evaluate = (script: string, keys: readonly string[], args: readonly string[]) => Promise<unknown>;

export class LatestWriter {
  readonly #expiryMs: number;
  #isOneByOne: boolean;

  constructor(expiryMs: number, isOneByOne: boolean) {
    this.#expiryMs = expiryMs;
    this.#isOneByOne = isOneByOne;
  }

  /** What goes into one command each. */
  groupsOf(records: readonly MetricRecord[]): readonly (readonly MetricRecord[])[] {
    return this.#isOneByOne ? records.map((record) => [record]) : [records];
  }

  /** Writes a group. Rejects with what the whole command met with. */
  async write(group: readonly MetricRecord[], evaluate: Evaluate): Promise<readonly Reply[]> {
    const keys = group.map(({ key }) => key);
    const args = [String(this.#expiryMs), ...tableOf(group)];
    try {
      return repliesOf(group.length, await evaluate(LATEST, keys, args));
    } catch (error) {
      if (group.length === 1) throw error;
      if (isCrossSlot(error)) this.#isOneByOne = true;
      // Redis does not say which of them it refuses.
      else if (mishapOf(error).kind === 'failed') throw error;
      const replies = await Promise.all(group.map((record) => this.write([record], evaluate).catch(asReplies)));
      return replies.flat();
    }
  }
}

/** Something may stand in between that says what it likes. */
function repliesOf(count: number, answer: unknown): readonly Reply[] {
  if (Array.isArray(answer) && answer.length === count) return answer;
  throw new PeerError(
    'status',
    `Redis answers a script for ${count} keys with ${forLog(JSON.stringify(answer) ?? '')}`,
  );
}

const isCrossSlot = (error: unknown): boolean => isErrorReply(error) && error.message.startsWith('CROSSSLOT');

/** Throws what is no answer of Redis. */
function asReplies(error: unknown): readonly Reply[] {
  if (isErrorReply(error)) return [error.message];
  throw error;
}
