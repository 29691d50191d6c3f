/** Bearer tokens by role as users set them up, those in files included. Tokens are never shown: a message may end in a log. */

import { readFile } from 'node:fs/promises';
import { STRICT, type Static, Type } from '../config/schema.js';
import { StartupError } from '../errors.js';
import { ROLES, type Tokens } from './access.js';

/** Such a token stands in a file of its own, so that it is in no environment. */
const TOKEN_FILE_PREFIX = 'file:';
const MIN_TOKEN_CHARS = 16;

/** The option `tokens`; what each role may do is said by who has the API. */
export function tokensOption(may: Readonly<Record<keyof Tokens, string>>) {
  return Type.Object(
    {
      agent: tokenList(`Tokens of agents: ${may.agent}`),
      reader: tokenList(`Tokens of readers: ${may.reader}`),
      admin: tokenList(`Tokens of admins: ${may.admin}`),
    },
    { ...STRICT, default: {}, description: 'Bearer tokens by role; several of one role allow for rotation.' },
  );
}
export type TokensConfig = Static<ReturnType<typeof tokensOption>>;

function tokenList(description: string) {
  return Type.Array(Type.String({ minLength: 1 }), {
    default: [],
    description: `${description} Each is a text of at least ${MIN_TOKEN_CHARS} characters, or \`file:/path\`.`,
  });
}

export function hasTokens(tokens: TokensConfig): boolean {
  return ROLES.some((role) => tokens[role].length > 0);
}

/** What a schema cannot say of them. */
export function tokenIssues(tokens: TokensConfig): { readonly path: string; readonly message: string }[] {
  const issues: { path: string; message: string }[] = [];
  const seen = new Set<string>();
  for (const role of ROLES) {
    for (const [i, token] of tokens[role].entries()) {
      const path = `tokens.${role}[${i}]`;
      if (!token.startsWith(TOKEN_FILE_PREFIX) && token.length < MIN_TOKEN_CHARS)
        issues.push({ path, message: `expected at least ${MIN_TOKEN_CHARS} characters, found ${token.length}` });
      if (seen.has(token)) issues.push({ path, message: 'the same token stands above: each has one role' });
      seen.add(token);
    }
  }
  return issues;
}

/** Rejects with StartupError for a file that cannot be read or holds no token. Messages name files, never tokens. */
export async function readTokens(configured: TokensConfig): Promise<Tokens> {
  const lists = ROLES.map(async (role) => [role, await Promise.all(configured[role].map(readToken))] as const);
  return Object.fromEntries(await Promise.all(lists)) as unknown as Tokens;
}

async function readToken(written: string): Promise<string> {
  if (!written.startsWith(TOKEN_FILE_PREFIX)) return written;
  const file = written.slice(TOKEN_FILE_PREFIX.length);
  const token = (await readText(file)).trim();
  if (token.length >= MIN_TOKEN_CHARS && !/\s/.test(token)) return token;
  throw new StartupError(
    `expected one token of at least ${MIN_TOKEN_CHARS} characters in ${file}, found ${token.length} characters`,
    { retryable: false },
  );
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw new StartupError(`cannot read the token file ${file}`, { retryable: false, cause });
  }
}
