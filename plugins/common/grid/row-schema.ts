/** The form of a document of rows as a schema: for the description of an API. row-decoder.ts reads it, and is stricter. */

import { STRICT, type TSchema, Type } from '../../../core/config/schema.js';
import { ROW_LIMITS, ROW_VERSION } from './row.js';

const Name = Type.String({ minLength: 1, maxLength: ROW_LIMITS.nameChars });
const Text = Type.String({ minLength: 1, maxLength: ROW_LIMITS.valueChars });
const Value = Type.String({ maxLength: ROW_LIMITS.valueChars });
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const optionalList = (items: TSchema, description: string) =>
  Type.Optional(Type.Array(items, { maxItems: ROW_LIMITS.fields, description }));
const optionalTexts = (description: string) =>
  Type.Optional(Type.Record(Type.String(), Value, { maxProperties: ROW_LIMITS.labels, description }));

const DistributionForm = Type.Object(
  {
    count: Count,
    sum: Type.Union([Count, Type.String({ pattern: '^[0-9]+$' })], { description: 'ns; a text from 2^53 on.' }),
    min: Count,
    max: Count,
    buckets: Type.Array(Type.Integer(), { description: 'Pairs of index and count; indices ascend.' }),
  },
  { ...STRICT, description: 'A base-2 exponential histogram of scale 5, in ns.' },
);

const TargetForm = Type.Object(
  {
    dst: Text,
    labels: optionalTexts('Of the target.'),
    path: Type.Optional(Text),
    counts: optionalList(Count, 'In the order of the group’s names, as all of these.'),
    gauges: optionalList(Type.Number(), 'Gauges.'),
    texts: optionalList(Value, 'Texts.'),
    distributions: optionalList(DistributionForm, 'Distributions.'),
  },
  STRICT,
);

const FieldName = Type.Union([Name, Type.Tuple([Name, Name])], { description: 'A name, or a name and its unit.' });

const GroupForm = Type.Object(
  {
    transport: Name,
    clock: Type.Optional(Text),
    mode: Type.Optional(Text),
    tags: optionalTexts('Tags that have no place of their own.'),
    counts: optionalList(FieldName, 'Names of counts.'),
    gauges: optionalList(FieldName, 'Names of gauges.'),
    texts: optionalList(Name, 'Names of texts.'),
    distributions: optionalList(Name, 'Names of distributions.'),
    targets: Type.Array(TargetForm, { maxItems: ROW_LIMITS.targets }),
  },
  { ...STRICT, description: 'Targets that agree in all but their values.' },
);

const RowForm = Type.Object(
  {
    src: Text,
    window: Type.Object(
      {
        start: Type.String({ format: 'date-time' }),
        length_ms: Type.Integer({ minimum: 1, maximum: ROW_LIMITS.windowMs }),
      },
      STRICT,
    ),
    labels: optionalTexts('Of the source.'),
    groups: Type.Array(GroupForm, { maxItems: ROW_LIMITS.groups }),
  },
  { ...STRICT, description: 'What one host says of one window.' },
);

export const RowsSchema = Type.Object(
  { version: Type.Literal(ROW_VERSION), rows: Type.Array(RowForm, { maxItems: ROW_LIMITS.rows }) },
  { ...STRICT, description: 'docs/rows.md says more.' },
);
