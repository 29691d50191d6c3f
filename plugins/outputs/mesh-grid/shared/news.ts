/** What servers tell each other when they have added to rows of a window, as JSON. */

export interface News {
  /** Which server. */
  readonly by: string;
  /** End of the window, UTC ms. */
  readonly endMs: number;
  readonly rows: readonly string[];
}

export function newsText({ by, endMs, rows }: News): string {
  return JSON.stringify({ by, end_ms: endMs, rows });
}

/** Undefined when no weft wrote it. */
export function parseNews(text: string): News | undefined {
  try {
    const { by, end_ms: endMs, rows } = JSON.parse(text) as Record<string, unknown>;
    if (typeof by !== 'string' || !Number.isSafeInteger(endMs) || !Array.isArray(rows)) return undefined;
    return { by, endMs: endMs as number, rows: rows.filter((row) => typeof row === 'string') };
  } catch {
    return undefined;
  }
}
