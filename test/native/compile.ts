/**
 * Compiles the addon's sources (without napi) and their C++ tests with sanitizers and without a warning. Objects are
 * kept under the hash of all that they are made of: a second run compiles nothing.
 */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { repositoryRoot } from '../core/config/repository.js';

const run = promisify(execFile);

const SANITIZERS = ['-fsanitize=address,undefined', '-fno-sanitize-recover'];
const FLAGS = [
  ...['-std=c++17', '-O1', '-g1', '-fno-exceptions', '-fno-rtti', '-Wall', '-Wextra', '-Werror'],
  ...['-Inative/src', '-Itest/native', '-DWEFT_HAVE_VERBS'],
];
/** Layers of native/src that need no Node. */
const LAYERS = ['native/src/base', 'native/src/net', 'native/src/rdma'];
/** Stands in for what is compiled here. */
const WITHOUT_VERBS = '/without_verbs.cc';
/** libibverbs is opened by `dlopen`. */
const LIBRARIES = ['-ldl'];
const TESTS = 'test/native';
const FAKE_VERBS = 'test/native/fake_verbs';

export interface NativePrograms {
  /** Runs the tests of *_test.cc: `--list`, or the name of one. */
  readonly unit: string;
  /** Each runs one fuzz target, fuzz_X.cc on the inputs of fuzz_X_corpus.cc: iterations, seed. */
  readonly fuzz: { readonly stamp: string; readonly rdma: string };
  /** Ends with success if the addon can do without verbs: without_verbs/main.cc. */
  readonly withoutVerbs: string;
}

/** Throws what the compiler says. */
export async function compileNative(): Promise<NativePrograms> {
  const { compile, link } = await toolchain(SANITIZERS, [...LAYERS, TESTS, FAKE_VERBS]);
  const sources = LAYERS.flatMap((path) => filesIn(path, '.cc')).filter((path) => !path.endsWith(WITHOUT_VERBS));
  const library = await compile(sources);
  const linkFuzz = async (target: string): Promise<string> => {
    const parts = ['main', target, `${target}_corpus`].map((part) => `${TESTS}/fuzz_${part}.cc`);
    return link(`fuzz-${target}`, [...(await compile(parts)), ...library], LIBRARIES);
  };
  const base = await compile(filesIn('native/src/base', '.cc'));
  const standIn = await compile([`${TESTS}/without_verbs/main.cc`, `native/src/rdma${WITHOUT_VERBS}`]);
  const unit = await compile(filesIn(TESTS, '.cc').filter((path) => !path.includes('/fuzz_')));
  return {
    unit: await link('unit', [...unit, ...library], LIBRARIES),
    fuzz: { stamp: await linkFuzz('stamp'), rdma: await linkFuzz('rdma') },
    withoutVerbs: await link('without-verbs', [...standIn, ...base], LIBRARIES),
  };
}

/**
 * The fake verbs library (fake_verbs/fake_verbs.h), for WEFT_LIBIBVERBS. `sanitized` for programs that have the
 * sanitizers themselves: no other can load it then.
 */
export async function compileFakeVerbs({ sanitized }: { readonly sanitized: boolean }): Promise<string> {
  const { compile, link } = await toolchain(
    ['-fPIC', '-fvisibility=hidden', ...(sanitized ? SANITIZERS : [])],
    [TESTS, FAKE_VERBS],
  );
  // Its threads outlive whoever loads it, and so does its code. Its calls of `new` are its own: see heap.cc.
  const undefinedIsAnError = sanitized ? [] : ['-Wl,-z,defs'];
  const objects = await compile(filesIn(FAKE_VERBS, '.cc'));
  return link('libfake_verbs.so', objects, ['-shared', '-Wl,-z,nodelete', '-Wl,-Bsymbolic', ...undefinedIsAnError]);
}

/** A program of one source file, by its path in the repository. Throws what the compiler says. */
export async function compileProgram(source: string): Promise<string> {
  const { compile, link } = await toolchain([], []);
  return link(basename(source, '.cc'), await compile([source]), []);
}

interface Toolchain {
  /** Objects of these sources, in their order. */
  compile(sources: readonly string[]): Promise<string[]>;
  /** A program, or what the flags say. */
  link(name: string, objects: readonly string[], flags: readonly string[]): Promise<string>;
}

/** `includes`: the folders with all headers that the sources depend on. */
async function toolchain(extraFlags: readonly string[], includes: readonly string[]): Promise<Toolchain> {
  const folder = join(repositoryRoot(), 'build', 'test-native');
  mkdirSync(folder, { recursive: true });
  const flags = [...FLAGS, ...extraFlags];
  const compiler = (await run('g++', ['--version'])).stdout;
  const headers = includes.flatMap((path) => filesIn(path, '.h'));
  const common = [compiler, ...flags, ...headers.map(contentOf)];
  const compileOne = async (source: string): Promise<string> => {
    const object = join(folder, `${hash([...common, source, contentOf(source)])}.o`);
    await make(object, [...flags, '-c', source]);
    return object;
  };
  return {
    compile: (sources) => inParallel(sources, compileOne),
    link: async (name, objects, linkFlags) => {
      const program = join(folder, `${hash([...objects, ...linkFlags])}-${name}`);
      await make(program, [...flags, ...objects, ...linkFlags]);
      return program;
    },
  };
}

/** Makes `target` by g++ unless it is there; it appears complete or not at all. */
async function make(target: string, args: readonly string[]): Promise<void> {
  if (existsSync(target)) return;
  const unfinished = `${target}.${process.pid}`;
  // Other tests, which may be measuring agents, come first.
  await run('nice', ['-n', '19', 'g++', ...args, '-o', unfinished], { cwd: repositoryRoot() });
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
