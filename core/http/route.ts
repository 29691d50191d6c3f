/** What a route of an API is: enough to serve it, to guard it and to describe it. */

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { TObject, TSchema } from '../config/schema.js';
import type { Role } from './access.js';

export interface Answer {
  readonly description: string;
  /** Of a JSON body. */
  readonly schema?: TSchema;
  /** Of a body that is not JSON; with `schema`: for those who accept it. Neither: no body. */
  readonly contentType?: string;
  /** Name → description. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Route {
  readonly method: 'GET' | 'PUT' | 'POST' | 'DELETE';
  /** Parameters as in `/v1/agents/:id`. */
  readonly url: string;
  readonly operationId: string;
  readonly summary: string;
  /** Who may ask; `open`: everybody. */
  readonly roles: readonly Role[] | 'open';
  readonly params?: TObject;
  readonly query?: TObject;
  /** Header names in lower case; checked by the handler. */
  readonly headers?: TObject;
  readonly body?: TSchema;
  /** In place of `body`: described only, since the handler checks it itself. */
  readonly bodyForm?: TSchema;
  /** By status; those that every route has (see `sharedAnswers`) are left out. */
  readonly answers: Readonly<Record<number, Answer>>;
  /** Called once the role is known, before the body is read. May throw ApiProblem. */
  admit?(request: FastifyRequest, reply: FastifyReply): void;
  /** What it returns is the body of the answer. May throw ApiProblem. */
  handle(request: FastifyRequest, reply: FastifyReply): unknown;
}
