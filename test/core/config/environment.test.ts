// biome-ignore-all lint/suspicious/noTemplateCurlyInString: references are what is tested here
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { substitute } from '../../../core/config/environment.js';
import { Source } from '../../../core/config/source.js';

const env = { HOST: 'a', EMPTY: '', DOLLAR: '$&$1' };

describe('references to the environment', () => {
  const known: [string, string][] = [
    ['${HOST}', 'a'],
    ['x-${HOST}-${HOST}', 'x-a-a'],
    ['${EMPTY}', ''],
    ['${EMPTY:-b}', 'b'],
    ['${NONE:-b c}', 'b c'],
    ['${NONE:-}', ''],
    ['${HOST:-b}', 'a'],
    ['${HOST:?needed}', 'a'],
    ['${DOLLAR}', '$&$1'],
    ['$${HOST}', '${HOST}'],
    ['$HOST $', '$HOST $'],
  ];
  for (const [text, value] of known) {
    it(`${text} gives ${JSON.stringify(value)}`, () => {
      assert.deepEqual(substitute(text, env), {
        value,
        substituted: text.replace('$${', '').includes('${'),
        problems: [],
      });
    });
  }

  const refused: [string, RegExp][] = [
    ['${NONE}', /NONE is not set; set it, or write \$\{NONE:-default\}/],
    ['${NONE:?ask the admin}', /NONE is not set: ask the admin/],
    ['${EMPTY:?}', /EMPTY is not set: it is required/],
    ['${}', /malformed/],
    ['${1A}', /malformed/],
    ['${HOST', /malformed/],
    ['${HOST:b}', /malformed/],
    ['${HOST:-${HOST}}', /malformed.*not nested/],
  ];
  for (const [text, problem] of refused) {
    it(`refuses ${text}`, () => assert.match(substitute(text, env).problems.join(), problem));
  }

  it('reports every reference of a text', () => {
    assert.equal(substitute('${A} ${HOST} ${B}', env).problems.length, 2);
  });

  it('never lets a value become more than one scalar', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.constantFrom('a: 1', '[1, 2]', '\n- x', '# no', '*a', '!!int 3', '${HOST}')),
        (value) => {
          const source = new Source('f', 'plain: ${V}\nquoted: "${V}"\nlist: [ "${V}" ]\n', { V: value });
          assert.deepEqual(source.value, { plain: value, quoted: value, list: [value] });
          assert.deepEqual(source.issues, []);
        },
      ),
    );
  });
});
