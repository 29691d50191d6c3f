/**
 * Reads a pinglist of the version 1 form. A list is taken as a whole or not at all: half a list would look like a network
 * in which half of the hosts are gone.
 */

import { createHash } from 'node:crypto';
import type { Pinglist, Target } from '../target.js';
import { PinglistForm } from './form.js';
import { formReader } from './form-reader.js';
import { IssueCollector, type PinglistSource } from './issues.js';
import { MAX_TARGETS } from './limits.js';
import { readTarget } from './target-reader.js';

const readPinglist = formReader(PinglistForm);

/**
 * Returns the targets of `data`, which is not changed, with their defaults. A list without a revision gets one made of
 * its content. Throws PinglistError with every mistake.
 */
export function parsePinglist(data: unknown, source: PinglistSource): Pinglist {
  const issues = new IssueCollector(source);
  const { revision, targets: forms } = readPinglist(data, [], issues) ?? { revision: undefined, targets: [] };
  if (forms.length > MAX_TARGETS) issues.add(['targets'], `${forms.length} targets, the limit is ${MAX_TARGETS}`);
  issues.throwIfAny();
  const targets: Target[] = [];
  forms.forEach((form, index) => {
    const target = readTarget(form, ['targets', index], issues);
    if (target !== undefined) targets.push(target);
  });
  if (issues.total === 0) refuseTwins(targets, issues);
  issues.throwIfAny();
  return { revision: revision ?? revisionOf(targets), targets };
}

/** A revision for lists that bring none: equal targets, equal revision. */
export function revisionOf(targets: readonly Target[]): string {
  return createHash('sha256').update(JSON.stringify(targets)).digest('hex').slice(0, 16);
}

/** Two targets that differ in nothing a series is told apart by would count every probe of theirs twice. */
function refuseTwins(targets: readonly Target[], issues: IssueCollector): void {
  const seen = new Map<string, number>();
  targets.forEach((target, index) => {
    const end =
      target.transport === 'rdma-ud'
        ? `${target.gid} ${target.qpn} ${target.device ?? ''}`
        : `${target.address} ${target.port}`;
    const key = `${target.transport} ${end} ${target.mode ?? ''} ${target.dst}`;
    const twin = seen.get(key);
    if (twin === undefined) seen.set(key, index);
    else issues.add(['targets', index], `the same target as targets[${twin}]`);
  });
}
