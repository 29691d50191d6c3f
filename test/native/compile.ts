/**
 * Compiles the addon's sources (without napi) and their C++ tests with sanitizers and without a warning. Objects are
 * kept under the hash of all that they are made of: a second run compiles nothing.
 */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '../core/config/repository.js';

const run = promisify(execFile);

const SANITIZERS = ['-fsanitize=address,undefined', '-fno-sanitize-recover'];
const FLAGS = [
  ...['-std=c++17', '-O1', '-g', '-fno-exceptions', '-fno-rtti', '-Wall', '-Wextra', '-Werror'],
  ...['-Inative/src', '-Itest/native', '-DWEFT_HAVE_VERBS', ...SANITIZERS],
];
/** Layers of native/src that need no Node. */
const LAYERS = ['native/src/base', 'native/src/net', 'native/src/rdma'];
/** Stands in for what is compiled here. */
const WITHOUT_VERBS = '/without_verbs.cc';
/** libibverbs is opened by `dlopen`. */
const LIBRARIES = ['-ldl'];
const TESTS = 'test/native';

export interface NativePrograms {
  /** Runs the tests of *_test.cc: `--list`, or the name of one. */
  readonly unit: string;
  /** Each runs one fuzz target, fuzz_X.cc on the inputs of fuzz_X_corpus.cc: iterations, seed. */
  readonly fuzz: { readonly stamp: string; readonly rdma: string };
}

/** Throws what the compiler says. */
export async function compileNative(): Promise<NativePrograms> {
  const folder = join(repositoryRoot(), 'build', 'test-native');
  mkdirSync(folder, { recursive: true });
  const compiler = (await run('g++', ['--version'])).stdout;
  const common = [compiler, ...FLAGS, ...[...LAYERS, TESTS].flatMap((path) => filesIn(path, '.h')).map(contentOf)];
  const compile = async (source: string): Promise<string> => {
    const object = join(folder, `${hash([...common, source, contentOf(source)])}.o`);
    await make(object, [...FLAGS, '-c', source]);
    return object;
  };
  const compileAll = (sources: readonly string[]): Promise<string[]> => inParallel(sources, compile);
  const link = async (name: string, objects: readonly string[]): Promise<string> => {
    const program = join(folder, `${name}-${hash(objects)}`);
    await make(program, [...SANITIZERS, ...objects, ...LIBRARIES]);
    return program;
  };
  const sources = LAYERS.flatMap((path) => filesIn(path, '.cc')).filter((path) => !path.endsWith(WITHOUT_VERBS));
  const library = await compileAll(sources);
  const linkFuzz = async (target: string): Promise<string> => {
    const parts = ['main', target, `${target}_corpus`].map((part) => `${TESTS}/fuzz_${part}.cc`);
    return link(`fuzz-${target}`, [...(await compileAll(parts)), ...library]);
  };
  const unit = await compileAll(filesIn(TESTS, '.cc').filter((path) => !path.includes('/fuzz_')));
  return {
    unit: await link('unit', [...unit, ...library]),
    fuzz: { stamp: await linkFuzz('stamp'), rdma: await linkFuzz('rdma') },
  };
}

/** Makes `target` by g++ unless it is there; it appears complete or not at all. */
async function make(target: string, args: readonly string[]): Promise<void> {
  if (existsSync(target)) return;
  const unfinished = `${target}.${process.pid}`;
  await run('g++', [...args, '-o', unfinished], { cwd: repositoryRoot() });
  renameSync(unfinished, target);
}

async function inParallel<T>(items: readonly string[], work: (item: string) => Promise<T>): Promise<T[]> {
  const results = new Array<T>(items.length);
  const waiting = items.entries();
  const worker = async (): Promise<void> => {
    for (const [i, item] of waiting) results[i] = await work(item);
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return results;
}

const filesIn = (folder: string, ending: string): string[] =>
  readdirSync(join(repositoryRoot(), folder))
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => `${folder}/${name}`);

const contentOf = (path: string): string => readFileSync(join(repositoryRoot(), path), 'utf8');

function hash(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 24);
}
