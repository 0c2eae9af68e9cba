import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

/**
 * User code shares its global scope with the worker: a `class Map {}` there must not become the
 * worker's own. The names are taken before any user code runs.
 */
const captured =
  'Array ArrayBuffer Atomics Buffer Date Error Int32Array JSON Map Math Number Object Promise RangeError Reflect RegExp Set ' +
  'SharedArrayBuffer String Symbol SyntaxError TypeError URL Uint8Array WeakMap clearTimeout performance setImmediate setTimeout';

/**
 * What is loaded by `import()` is a file of its own: a worker is ready before its parsers are read.
 */
const filesOfTheirOwn = {
  name: 'files-of-their-own',
  setup(build) {
    build.onResolve({ filter: /\.ts$/ }, ({ kind, path }) =>
      kind === 'dynamic-import' ? { path: `./${basename(path, '.ts')}.cjs`, external: true } : null,
    );
  },
};

/**
 * esbuild's options for the files of the runtime, which must end up in one directory under these
 * names.
 */
export const nodeRuntimeBundle = {
  entryPoints: ['supervisor', 'supervise', 'worker', 'control-thread', 'control/prepare-step'].map(
    (name) => ({
      in: join(here, `${name}.ts`),
      out: basename(name),
    }),
  ),
  bundle: true,
  platform: 'node',
  target: 'node20.20',
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  // `require`, which costs less than Node's other loader.
  supported: { 'dynamic-import': false },
  plugins: [filesOfTheirOwn],
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  banner: { js: `const {${captured.replaceAll(' ', ',')}}=globalThis;` },
};
