/**
 * Ends that fall silent. On RDMA an agent that restarts has another queue pair, and probes to the old one vanish: that
 * is no loss of the network. So a target that stops to answer is reason to ask for a fresh list, and if that names
 * another queue pair of the same end, the probes since the last answer were `stale`. Which windows they count in is kept
 * here for as long as the silence lasts.
 */

import type { Target } from '../../../core/target.js';
import { RESULT_NAMES } from '../../../native/index.js';
import type { ProbedTarget, Series, SilentRun } from './series.js';

/** Timeouts in a row after which a fresh list is asked for; after twice as many again, and so on. */
const SUSPICIOUS_TIMEOUTS = 3;

const TIMEOUT = RESULT_NAMES.indexOf('timeout');
const SEND_ERROR = RESULT_NAMES.indexOf('send_error');

export class Silences<T extends Target> {
  #suspicious: ProbedTarget<T> | undefined;

  /** Notes a result that was counted in the window that starts at `startUs`; none older than `oldestUs` is open. */
  note(
    probed: ProbedTarget<T>,
    result: number,
    sentUs: number,
    series: Series,
    startUs: number,
    oldestUs: number,
  ): void {
    if (result === SEND_ERROR) return;
    if (result !== TIMEOUT) {
      // Late and second answers come from a queue pair that is there, too.
      probed.answeredUs = Math.max(probed.answeredUs, sentUs);
      probed.silence = undefined;
    } else if (sentUs > probed.answeredUs) {
      probed.silence ??= { timeouts: 0, runs: [] };
      const { silence } = probed;
      silence.timeouts += 1;
      addTo(silence.runs, series, startUs, oldestUs);
      if (isSuspicious(silence.timeouts)) this.#suspicious = probed;
    }
  }

  /** One of the targets that became suspicious since the last call. */
  takeSuspicious(): ProbedTarget<T> | undefined {
    const suspicious = this.#suspicious;
    this.#suspicious = undefined;
    return suspicious;
  }
}

/** Those of `removed` whose end is on the list with another queue pair. */
export function replacedBy<T extends Target>(
  removed: readonly ProbedTarget<T>[],
  active: readonly ProbedTarget<T>[],
): ProbedTarget<T>[] {
  const gone = removed.filter(({ target }) => target.transport === 'rdma-ud');
  if (gone.length === 0) return [];
  const queuePairs = new Map(active.map(({ target }) => [endOf(target), queuePairOf(target)]));
  return gone.filter(({ target }) => {
    const now = queuePairs.get(endOf(target));
    return now !== undefined && now !== queuePairOf(target);
  });
}

function endOf(target: Target): string {
  return target.transport === 'rdma-ud' ? `${target.dst} ${target.gid}` : '';
}

function queuePairOf(target: Target): number | undefined {
  return target.transport === 'rdma-ud' ? target.qpn : undefined;
}

function isSuspicious(timeouts: number): boolean {
  const times = timeouts / SUSPICIOUS_TIMEOUTS;
  return times >= 1 && Number.isInteger(Math.log2(times));
}

function addTo(runs: SilentRun[], series: Series, startUs: number, oldestUs: number): void {
  const same = runs.find((run) => run.startUs === startUs && run.series === series);
  if (same !== undefined) {
    same.timeouts += 1;
    return;
  }
  const open = runs.filter((run) => run.startUs >= oldestUs);
  runs.splice(0, runs.length, ...open, { startUs, series, timeouts: 1 });
}
