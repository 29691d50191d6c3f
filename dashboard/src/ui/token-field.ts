/** Asks for a token as soon as the server wants one. */

import type { Session } from '../api/session.js';
import { h } from './dom.js';

export interface TokenField {
  readonly element: HTMLElement;
}

export function tokenField(session: Session): TokenField {
  const input = h('input', { type: 'password', id: 'token', autocomplete: 'off', required: true, spellcheck: 'false' });
  const send = (event: Event): void => {
    event.preventDefault();
    const token = input.value.trim();
    input.value = '';
    if (token !== '') session.setToken(token);
  };
  const label = h('label', { for: 'token' });
  const form = h('form', { class: 'token', onsubmit: send }, label, input, h('button', {}, 'Use this token'));
  const showRefusal = (isRefused: boolean): void => {
    form.hidden = !isRefused;
    label.textContent =
      session.token === ''
        ? 'This grid is for readers with a token (reader_tokens):'
        : 'The grid does not know this token; another one (reader_tokens):';
    if (isRefused) input.focus();
  };
  session.isRefused.watch(showRefusal);
  showRefusal(session.isRefused.value);
  return { element: form };
}
