/**
 * Whether a Redis answered with an error. Told by the name of the package's class, since loading the package takes tens of
 * megabytes, and who has such an error has loaded it.
 */
export function isErrorReply(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  for (let made: object | null = error.constructor; made !== null; made = Object.getPrototypeOf(made)) {
    if ((made as { readonly name?: unknown }).name === 'ErrorReply') return true;
  }
  return false;
}
