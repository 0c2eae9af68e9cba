import { basename, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

/**
 * Captured once: each use of a global name would pass through the interceptors of the realm that
 * `vm` made for the driver.
 */
const captured =
  'Array ArrayBuffer Atomics Buffer Date Error Int32Array JSON Map Math Number Object Promise RangeError Reflect RegExp Set ' +
  'SharedArrayBuffer String Symbol SyntaxError TypeError URL Uint8Array WeakMap clearTimeout performance setImmediate setTimeout';

/**
 * Code that `import()` loads is bundled into separate files, so that a worker is ready before its
 * parsers are read.
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
  entryPoints: [
    'supervisor',
    'supervise',
    'worker',
    'driver',
    'control-thread',
    'control/prepare-step',
    'rewrite/compile-typescript',
  ].map((name) => ({
    in: join(here, `${name}.ts`),
    out: basename(name),
  })),
  bundle: true,
  platform: 'node',
  target: 'node20.20',
  format: 'cjs',
  outExtension: { '.js': '.cjs' },
  // Uses `require`, which costs less than the loader of ES modules.
  supported: { 'dynamic-import': false },
  plugins: [filesOfTheirOwn],
  minifyWhitespace: true,
  minifySyntax: true,
  legalComments: 'none',
  banner: { js: `const {${captured.replaceAll(' ', ',')}}=globalThis;` },
};
