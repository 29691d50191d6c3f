import type { Role } from '../../../../core/http/access.js';

/** This server has tokens of readers only; who shows a client certificate where none are set counts as an agent. */
export const READERS: readonly Role[] = ['agent', 'reader', 'admin'];
