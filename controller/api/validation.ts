/**
 * Judges requests by the schemas of their routes, with the words of the configuration. The first mistake is enough: all of
 * those that 64 KiB can hold would cost more than the request.
 */

import type { FastifySchemaCompiler } from 'fastify';
import { decode, isMap } from '../../core/config/decode.js';
import { describeValue } from '../../core/config/describe.js';
import { explain } from '../../core/config/explain.js';
import type { SchemaNode } from '../../core/config/schema.js';
import { asWritten } from '../../core/config/schema-tree.js';
import { formatPath } from '../../core/config/source.js';
import { Validator } from '../../core/config/validator.js';
import { ApiProblem } from './problem.js';
import { invalidRegistration } from './registration.js';

type Part = 'body' | 'params' | 'querystring';

/** For fastify's setValidatorCompiler. */
export function requestValidation(): FastifySchemaCompiler<SchemaNode> {
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

function refusal(part: Part, problems: ReturnType<typeof explain>): ApiProblem {
  const issues = problems.map(({ path, message }) => ({ path: formatPath(path), message }));
  if (part === 'body') return invalidRegistration(issues);
  const [error, what] = part === 'params' ? ['invalid_id', 'the id'] : ['invalid_query', 'the query'];
  return new ApiProblem(400, error, `${what} is not valid: ${issues[0]?.message}`, { issues });
}
