/** What the controller answers, checked as if it came from an enemy: a list is good as a whole or not used at all. */

import { type RegistrationAnswer, RegistrationAnswerForm } from '../../../core/control/registration.js';
import { describeError } from '../../../core/errors.js';
import { formReader } from '../../../core/pinglist/form-reader.js';
import { IssueCollector } from '../../../core/pinglist/issues.js';
import { parsePinglist } from '../../../core/pinglist/pinglist.js';
import type { Pinglist } from '../../../core/target.js';
import type { ExchangeAnswer } from '../../common/peer/exchange.js';
import { PeerError } from '../../common/peer/failure.js';
import { overBudget } from './list-budget.js';

/** A pinglist and what is kept of it for the next request and the next start. */
export interface FetchedList {
  readonly pinglist: Pinglist;
  /** '' when the controller named none that can be sent back. */
  readonly etag: string;
  /** As it came. */
  readonly bytes: Buffer;
}

/** RFC 9110, section 8.8.3, of a length that fits into a header. */
const ETAG = /^(?:W\/)?"[!\x23-\x7e]{0,256}"$/;

const readAnswer = formReader(RegistrationAnswerForm);

/** Throws PeerError. */
export function registrationAnswer(answer: ExchangeAnswer, url: URL): RegistrationAnswer {
  const issues = new IssueCollector({ file: url.href });
  const form = readAnswer(jsonOf(jsonText(answer)), [], issues);
  try {
    issues.throwIfAny();
  } catch (cause) {
    throw new PeerError('malformed', 'the answer to the registration is wrong', { cause });
  }
  return form as RegistrationAnswer;
}

/** Throws PeerError. */
export function fetchedList(answer: ExchangeAnswer, url: URL): FetchedList {
  const { etag } = answer.headers;
  const bytes = jsonText(answer);
  return { pinglist: readList(bytes, url.href), etag: etag !== undefined && ETAG.test(etag) ? etag : '', bytes };
}

/** `source` is for messages. Throws PeerError. */
export function readList(bytes: Buffer, source: string): Pinglist {
  const excess = overBudget(bytes);
  if (excess !== undefined) throw new PeerError('too_large', `the pinglist has ${excess}`);
  const data = jsonOf(bytes);
  try {
    return parsePinglist(data, { file: source });
  } catch (cause) {
    throw new PeerError('bad_list', `the pinglist is wrong: ${describeError(cause)}`);
  }
}

function jsonText({ headers, body }: ExchangeAnswer): Buffer {
  const type = headers['content-type'] ?? '';
  if (!/^application\/json\s*(;|$)/i.test(type)) {
    throw new PeerError('malformed', `expected application/json, found ${JSON.stringify(type.slice(0, 80))}`);
  }
  const encoding = headers['content-encoding'] ?? 'identity';
  if (encoding !== 'identity') {
    throw new PeerError('malformed', `expected no content-encoding, found ${JSON.stringify(encoding.slice(0, 80))}`);
  }
  return body;
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new PeerError('malformed', 'the answer is not JSON', { cause });
  }
}
