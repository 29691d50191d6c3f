/**
 * Judges requests by the schemas of their routes, with the words of the configuration. The first mistake is enough: all of
 * those that 64 KiB can hold would cost more than the request.
 */

import type { FastifySchemaCompiler } from 'fastify';
import { decode, isMap } from '../config/decode.js';
import { describeValue } from '../config/describe.js';
import { explain } from '../config/explain.js';
import type { SchemaNode } from '../config/schema.js';
import { asWritten } from '../config/schema-tree.js';
import { formatPath } from '../config/source.js';
import { Validator } from '../config/validator.js';
import { ApiProblem, type Problem } from './problem.js';

type Part = 'body' | 'params' | 'querystring';

export type Issues = NonNullable<Problem['issues']>;

/** For fastify's setValidatorCompiler. `invalidBody` says no to a body with such mistakes. */
export function requestValidation(invalidBody: (issues: Issues) => ApiProblem): FastifySchemaCompiler<SchemaNode> {
  const validator = new Validator({ allErrors: false });
  return ({ schema, httpPart }) => {
    const written = asWritten(schema);
    const part = httpPart as Part;
    return (received: unknown) => {
      const value = part === 'querystring' ? withNumbers(schema, received) : received;
      const errors = validator.errors(written, value);
      if (errors.length > 0)
        return {
          error: refusal(
            part,
            invalidBody,
            explain(errors, value, (_, found) => describeValue(found)),
          ),
        };
      return { value: part === 'querystring' ? decode(schema, value, () => true) : value };
    };
  };
}

/** A query string knows only text. */
function withNumbers(schema: SchemaNode, query: unknown): unknown {
  if (!isMap(query)) return query;
  const typed = Object.entries(query).map(([key, value]) => {
    const isNumber = schema.properties?.[key]?.type === 'integer' && typeof value === 'string' && /^\d+$/.test(value);
    return [key, isNumber ? Number(value) : value];
  });
  return Object.fromEntries(typed);
}

function refusal(
  part: Part,
  invalidBody: (issues: Issues) => ApiProblem,
  problems: ReturnType<typeof explain>,
): ApiProblem {
  const issues = problems.map(({ path, message }) => ({ path: formatPath(path), message }));
  if (part === 'body') return invalidBody(issues);
  const [error, what] = part === 'params' ? ['invalid_id', 'the id'] : ['invalid_query', 'the query'];
  return new ApiProblem(
    400,
    error,
    `${what} is not valid: ${[issues[0]?.path, issues[0]?.message].filter(Boolean).join(': ')}`,
    { issues },
  );
}
