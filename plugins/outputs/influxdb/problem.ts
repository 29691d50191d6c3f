/** The body of an answer that says no: `{"error"}` of versions 1 and 3, `{"code","message"}` of version 2. */

export interface Problem {
  readonly message: string;
  /** Version 3: what is wrong with single lines, which it counts from 1. */
  readonly lines: readonly { readonly line: number; readonly message: string }[];
}

/** Undefined when it is not InfluxDB that speaks. */
export function problemOf(body: string): Problem | undefined {
  const { error, message = error, data } = objectOf(body);
  if (typeof message !== 'string') return undefined;
  const lines = [data].flat().flatMap((entry) => {
    const { line_number: line, error_message: text } = (entry ?? {}) as Readonly<Record<string, unknown>>;
    return Number.isInteger(line) ? [{ line: Number(line), message: String(text) }] : [];
  });
  const [first] = lines;
  return { message: first === undefined ? message : `${message}: ${first.message}`, lines };
}

function objectOf(body: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
  } catch {
    return {};
  }
}
