// Builds one bundle a service into dist/, and puts the runtimes' files beside them.
import { cp } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { nodeRuntimeBundle } from '../session-agent/runtimes/node/bundle-options.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = `${root}dist`;

/** CommonJS packages inside an ESM bundle call `require`. */
const requireBanner =
  "import { createRequire as bundleRequire } from 'node:module';const require = bundleRequire(import.meta.url);";

const startedAt = performance.now();
await Promise.all([
  build({
    absWorkingDir: root,
    entryPoints: {
      'control-plane': 'control-plane/main.ts',
      'data-plane': 'data-plane/main.ts',
      'session-agent': 'session-agent/main.ts',
      local: 'local/main.ts',
      token: 'local/token.ts',
      openapi: 'openapi/print-document.ts',
    },
    outdir: dist,
    bundle: true,
    platform: 'node',
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    target: 'node20.20',
    banner: { js: requireBanner },
    // Its storage engine finds native code beside itself.
    external: ['dynalite'],
    sourcemap: 'linked',
    legalComments: 'none',
    logLevel: 'warning',
  }),
  build({ ...nodeRuntimeBundle, outdir: `${dist}/runtimes/node`, logLevel: 'warning' }),
  cp(`${root}session-agent/runtimes/python`, `${dist}/runtimes/python`, {
    recursive: true,
    filter: (path) => !/__pycache__|_test\.py$|played_agent|session_case|driver_bench/.test(path),
  }),
]);
process.stderr.write(`bundled into dist/ in ${Math.round(performance.now() - startedAt)} ms\n`);
