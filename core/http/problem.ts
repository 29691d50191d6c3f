/** Refusals of an API: what a handler throws and what the peer gets to read. */

import { Type } from '../config/schema.js';

/** Every error of an API. */
export interface Problem {
  /** Stable, for programs: `not_registered`, `unauthorized`, `too_many_requests`, … */
  readonly error: string;
  readonly message: string;
  /** For mistakes in a body: where and what. */
  readonly issues?: readonly { readonly path: string; readonly message: string }[];
}

export const ProblemForm = Type.Object(
  {
    error: Type.String({ description: 'Stable, for programs.' }),
    message: Type.String({ description: 'For people: what was expected, what was found, what to do.' }),
    issues: Type.Optional(
      Type.Array(Type.Object({ path: Type.String(), message: Type.String() }), {
        description: 'For mistakes in a body: where and what.',
      }),
    ),
  },
  { additionalProperties: false },
);

interface Extras {
  readonly issues?: Problem['issues'];
  readonly headers?: Readonly<Record<string, string>>;
}

export class ApiProblem extends Error {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Problem;

  constructor(statusCode: number, error: string, message: string, { issues, headers = {} }: Extras = {}) {
    super(message);
    this.statusCode = statusCode;
    this.headers = headers;
    this.body = { error, message, ...(issues !== undefined && { issues }) };
  }
}

/** `retryAfterS`: whole seconds after which another try may succeed. */
export function unavailable(error: string, message: string, retryAfterS: number): ApiProblem {
  return new ApiProblem(503, error, message, { headers: { 'retry-after': String(retryAfterS) } });
}
