/**
 * `${VAR}` in configuration values. It works on the text of one YAML scalar after parsing, so a variable can never add
 * keys or list items, and positions in error messages stay those of the file.
 *
 *   ${VAR}           the variable; an error when it is not set
 *   ${VAR:-default}  `default` when it is not set or empty
 *   ${VAR:?message}  an error that says `message` when it is not set or empty
 *   $${              a literal `${`
 */

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Substitution {
  readonly value: string;
  /** False when the text holds no reference; then `value` may still differ by unescaped `$${`. */
  readonly substituted: boolean;
  readonly problems: readonly string[];
}

const REFERENCE = /\$\$\{|\$\{([^}]*)\}|\$\{/g;
const BODY = /^([A-Za-z_][A-Za-z0-9_]*)(?::([-?])(.*))?$/s;
const FORMS = `\${VAR}, \${VAR:-default} or \${VAR:?message}`;

export function substitute(text: string, env: Environment): Substitution {
  const problems: string[] = [];
  let substituted = false;
  const value = text.replace(REFERENCE, (match: string, body: string | undefined) => {
    if (match === '$${') return '${';
    substituted = true;
    const result = body === undefined ? malformed(match) : resolve(body, env);
    if ('problem' in result) problems.push(result.problem);
    return 'value' in result ? result.value : '';
  });
  return { value, substituted, problems };
}

type Resolved = { readonly value: string } | { readonly problem: string };

function resolve(body: string, env: Environment): Resolved {
  const [, name, operator, argument = ''] = BODY.exec(body) ?? [];
  if (name === undefined || argument.includes('${')) return malformed(`\${${body}}`);
  const value = env[name];
  if (operator === undefined) {
    if (value !== undefined) return { value };
    return { problem: `the environment variable ${name} is not set; set it, or write \${${name}:-default}` };
  }
  if (value !== undefined && value !== '') return { value };
  if (operator === '-') return { value: argument };
  return { problem: `the environment variable ${name} is not set: ${argument || 'it is required'}` };
}

function malformed(text: string): Resolved {
  return { problem: `malformed ${text}: expected ${FORMS} (not nested), or $\${ for a literal "\${"` };
}
