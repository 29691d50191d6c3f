/**
 * The glob patterns of filters, as Telegraf has them: `*` any characters, `?` one character, `[abc]` `[a-z]` `[!a]` one of
 * a class, `{cpu,mem}` one of several, `\` takes the next character as it is. They match names and tag values, not
 * paths: `/` and `.` are ordinary characters, which is why no file glob library fits.
 */

/** True when the text matches. */
export type Matcher = (text: string) => boolean;

const SPECIAL = /[*?[\]{}\\]/;

/** Matches what any of the patterns matches; undefined when there are none. Plain words cost one Set look-up. */
export function compileGlobs(patterns: readonly string[] | undefined): Matcher | undefined {
  if (patterns === undefined || patterns.length === 0) return undefined;
  const words = new Set(patterns.filter((pattern) => !SPECIAL.test(pattern)));
  const globs = patterns.filter((pattern) => SPECIAL.test(pattern));
  if (globs.length === 0) return (text) => words.has(text);
  const expression = new RegExp(`^(?:${globs.map(translate).join('|')})$`, 'su');
  return (text) => words.has(text) || expression.test(text);
}

/** The regular expression of one glob. An opening bracket or brace that is never closed stands for itself. */
function translate(glob: string): string {
  let result = '';
  let braces = 0;
  for (let i = 0; i < glob.length; i += 1) {
    const char = glob.charAt(i);
    const end = char === '[' ? glob.indexOf(']', i + 2) : -1;
    if (char === '\\' && i + 1 < glob.length) {
      i += 1;
      result += literal(glob.charAt(i));
    } else if (char === '*') result += '.*';
    else if (char === '?') result += '.';
    else if (end > 0) {
      result += characterClass(glob.slice(i + 1, end));
      i = end;
    } else if (char === '{' && glob.includes('}', i)) {
      braces += 1;
      result += '(?:';
    } else if (char === '}' && braces > 0) {
      braces -= 1;
      result += ')';
    } else if (char === ',' && braces > 0) result += '|';
    else result += literal(char);
  }
  return result + ')'.repeat(braces);
}

function characterClass(body: string): string {
  const negated = body.startsWith('!') && body.length > 1;
  return `[${negated ? '^' : ''}${(negated ? body.slice(1) : body).replace(/[\\\]^[]/g, '\\$&')}]`;
}

function literal(char: string): string {
  return char.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&');
}
