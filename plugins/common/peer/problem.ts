/** An answer that says no, as the error it is. */

import type { ExchangeAnswer } from './exchange.js';
import { type FailureReason, PeerError } from './failure.js';

const MAX_MESSAGE_CHARS = 300;
const MAX_ISSUES = 3;

export function problemOf(answer: ExchangeAnswer): PeerError {
  const { code, message } = readProblem(answer);
  const retryAfterMs = retryAfter(answer.headers['retry-after']);
  const said = message === '' ? '' : `: ${message}`;
  return new PeerError(reasonOf(answer.status, code), `the answer has the status ${answer.status}${said}`, {
    retryAfterMs,
    answer: { status: answer.status, code },
  });
}

function reasonOf(status: number, code: string): FailureReason {
  if (status >= 300 && status < 400 && status !== 304) return 'redirect';
  if (status === 401) return 'unauthorized';
  if (status === 403) return 'forbidden';
  if (status === 404 && code === 'not_registered') return 'not_registered';
  if (status === 429 || status === 503) return 'overloaded';
  return 'status';
}

/** The body should be a Problem (core/http/problem.ts); whatever it is, its text goes into a log. */
function readProblem({ body }: ExchangeAnswer): { readonly code: string; readonly message: string } {
  const problem = parse(body.toString('utf8'));
  const issues = Array.isArray(problem.issues) ? problem.issues.slice(0, MAX_ISSUES).map(issueText) : [];
  const message = [textOf(problem.message), ...issues].filter((part) => part !== '').join('; ');
  return { code: textOf(problem.error), message: forLog(message) };
}

function issueText(issue: unknown): string {
  const { path, message } = mapOf(issue);
  return `${textOf(path)} ${textOf(message)}`.trim();
}

function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    return mapOf(JSON.parse(text));
  } catch {
    // A page of some proxy: its status says enough.
    return {};
  }
}

function mapOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** One line, of a bounded length, without control characters that a terminal would obey. */
export function forLog(text: string): string {
  return text.slice(0, MAX_MESSAGE_CHARS).replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
}

/** Seconds, the only form weft sends; a date is ignored. */
function retryAfter(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}
