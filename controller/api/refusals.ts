/** What the registry's API says no with, in more places than one. */

import { ApiProblem } from '../../core/http/problem.js';

export function notRegistered(id: string): ApiProblem {
  return new ApiProblem(404, 'not_registered', `no agent is registered as ${id}`);
}

export function notYours(id: string): ApiProblem {
  return new ApiProblem(
    403,
    'not_yours',
    `${id} belongs to another key or certificate: use its own, wait until it is forgotten, or have an admin delete it`,
  );
}
