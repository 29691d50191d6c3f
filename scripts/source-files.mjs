// The files of the project: those that git tracks, and new ones that it does not ignore.
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));

/** Paths relative to the root, with forward slashes, sorted. Deleted files are not among them. */
export function sourceFiles() {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const listed = execFileSync('git', args, { cwd: root, encoding: 'utf8' }).split('\0');
  return [...new Set(listed)].filter((path) => path !== '' && existsSync(join(root, path))).sort();
}

/** Ends a check: every problem on a line of its own, exit code 1 if there are any. */
export function finish(name, problems) {
  for (const problem of problems) console.error(problem);
  if (problems.length > 0) process.exitCode = 1;
  else console.log(`${name}: fine`);
}
