/**
 * ajv with weft's two string forms. It only judges: values stay as the user wrote them, so that a schema may try the
 * branches of a union without spoiling the value for the next one. decode.ts turns a valid value into what code sees.
 */

import { Ajv, type ErrorObject, type FuncKeywordDefinition, type ValidateFunction } from 'ajv';
import { DURATION_EXPECTED, parseDuration } from './durations.js';
import type { SchemaNode, StringForm } from './schema.js';
import { parseSize, SIZE_EXPECTED } from './sizes.js';

export const STRING_FORMS = {
  duration: { parse: parseDuration, expected: DURATION_EXPECTED },
  size: { parse: parseSize, expected: SIZE_EXPECTED },
} as const satisfies Record<StringForm, object>;

/** One ajv instance holds tens of kilobytes a schema: make one for a load, then let it go. */
export class Validator {
  readonly #ajv: Ajv;

  /** `allErrors: false`: the first mistake ends the judgement. */
  constructor({ allErrors = true }: { readonly allErrors?: boolean } = {}) {
    this.#ajv = new Ajv({ allErrors, verbose: true, strictTypes: false, strictRequired: false });
    this.#ajv.addKeyword(STRING_FORM_KEYWORD);
    this.#ajv.addVocabulary(['atLeast', 'atMost']);
  }

  /** Throws when the schema itself is not valid. Compiled once for each schema object. */
  compile(schema: SchemaNode): ValidateFunction {
    return this.#ajv.compile(schema);
  }

  /** Everything that is wrong with `value`; empty when it is valid. Throws as `compile` does. */
  errors(schema: SchemaNode, value: unknown): readonly ErrorObject[] {
    const validate = this.compile(schema);
    return validate(value) ? [] : (validate.errors ?? []);
  }
}

/** `weftFormat: duration | size`, with the inclusive bounds `atLeast` and `atMost` in the same form. */
const STRING_FORM_KEYWORD: FuncKeywordDefinition = {
  keyword: 'weftFormat',
  type: 'string',
  schemaType: 'string',
  errors: true,
  compile(form: StringForm, schema) {
    const { parse } = STRING_FORMS[form];
    const { atLeast, atMost } = schema;
    const min = atLeast === undefined ? Number.NEGATIVE_INFINITY : parse(atLeast);
    const max = atMost === undefined ? Number.POSITIVE_INFINITY : parse(atMost);
    const fail = (bound: object): false => {
      check.errors = [{ keyword: 'weftFormat', params: { form, ...bound } }];
      return false;
    };
    const check: { (text: string): boolean; errors?: Partial<ErrorObject>[] } = (text) => {
      const value = parsed(parse, text);
      if (value === undefined) return fail({});
      if (value < min) return fail({ atLeast });
      return value > max ? fail({ atMost }) : true;
    };
    return check;
  },
};

function parsed(parse: (text: string) => number, text: string): number | undefined {
  try {
    return parse(text);
  } catch {
    return undefined;
  }
}
