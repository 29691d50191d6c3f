/** What a page says in the place of data: nothing there yet, or why there is none. */

import { ApiError } from '../api/client.js';
import { h } from './dom.js';

export function notice(title: string, ...more: readonly (Node | string)[]): HTMLElement {
  return h('div', { class: 'notice', role: 'status' }, h('h2', {}, title), ...more);
}

/** An error of the API, or a fault of the page itself, in words. */
export function errorNotice(error: unknown, ...more: readonly (Node | string)[]): HTMLElement {
  return notice(titleOf(error), h('p', {}, messageOf(error)), ...more);
}

export function messageOf(error: unknown): string {
  if (error instanceof ApiError) return sentence(error.message);
  return `The page failed: ${error instanceof Error ? error.message : String(error)}. Loading it again may help.`;
}

const TITLES: Readonly<Record<string, string>> = {
  no_data: 'No rows yet',
  no_window: 'This window is not kept any more',
  no_answer: 'The grid does not answer',
  too_large: 'Too many cells at once',
  too_many_requests: 'Asked too often',
  unauthorized: 'A token is needed',
  unknown_pair: 'No probes of this pair',
  unknown_transport: 'No data of this transport',
};

function titleOf(error: unknown): string {
  return (error instanceof ApiError ? TITLES[error.code] : undefined) ?? 'This cannot be shown';
}

function sentence(text: string): string {
  const capital = text.slice(0, 1).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(capital) ? capital : `${capital}.`;
}
