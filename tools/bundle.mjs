// Builds one bundle per service into dist/, and copies the files of the runtimes beside them.
import { execFileSync } from 'node:child_process';
import { cp, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { nodeRuntimeBundle } from '../session-agent/runtimes/node/bundle-options.mjs';
import { bundleDynalite } from './bundle-dynalite.mjs';
import { bundledPackages, readPackage } from './bundled-packages.mjs';
import { esmBundle, requireBanner } from './esm-bundle.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = `${root}dist`;

const common = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20.20',
  sourcemap: 'linked',
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
};

const startedAt = performance.now();
const builds = {
  services: build({
    ...common,
    entryPoints: {
      'control-plane': 'control-plane/main.ts',
      'make-keys': 'control-plane/install/make-keys/main.ts',
      'publish-keys': 'control-plane/install/publish-keys/main.ts',
      'end-sessions': 'control-plane/install/end-sessions/main.ts',
      'data-plane': 'data-plane/main.ts',
      local: 'local/main.ts',
      token: 'local/token.ts',
      openapi: 'openapi/print-document.ts',
    },
    ...esmBundle,
    outdir: dist,
    // The storage engine of dynalite loads native code from its own directory.
    external: ['dynalite'],
  }),
  localStore: build({
    ...common,
    entryPoints: ['session-store/dynalite/serve/main.ts'],
    outfile: `${dist}/local-store/main.mjs`,
    format: 'esm',
    plugins: [bundleDynalite],
    // The storage engine looks for its native code beside the bundle.
    banner: { js: `${requireBanner}const __dirname = import.meta.dirname;` },
  }),
  agent: build({
    ...common,
    entryPoints: ['session-agent/main.ts'],
    outfile: `${dist}/session-agent/main.cjs`,
    format: 'cjs',
    // Wraps the bundle in a function of `require`, which session-agent/start.cjs calls.
    banner: { js: '(function (require) {' },
    footer: { js: '})' },
    // Without comments the bundle is ASCII, which is faster to read. Names are kept and lines stay
    // short, so that stack traces remain useful.
    minifyWhitespace: true,
    lineLimit: 120,
  }),
  nodeRuntime: build({
    ...nodeRuntimeBundle,
    absWorkingDir: root,
    outdir: `${dist}/runtimes/node`,
    logLevel: 'warning',
    metafile: true,
  }),
};
const [services, agent, nodeRuntime, localStore] = await Promise.all([
  builds.services,
  builds.agent,
  builds.nodeRuntime,
  builds.localStore,
  copyDocs(),
  cp(`${root}session-agent/start.cjs`, `${dist}/session-agent.cjs`),
  ...['linux-x64', 'linux-arm64'].map((platform) =>
    cp(
      `${root}node_modules/classic-level/prebuilds/${platform}`,
      `${dist}/local-store/prebuilds/${platform}`,
      { recursive: true },
    ),
  ),
  cp(`${root}session-agent/runtimes/python`, `${dist}/runtimes/python`, {
    recursive: true,
    filter: (path) => !/__pycache__|_test\.py$|python\/tests|driver_bench/.test(path),
  }),
]);
// The npm packages in each image, for its SBOM.
const inControlPlane = ['control-plane', 'make-keys', 'publish-keys', 'end-sessions'];
const packages = {
  'control-plane': bundledPackages(root, services.metafile, (output) =>
    inControlPlane.some((name) => output === `dist/${name}.mjs`),
  ),
  'data-plane': [
    ...bundledPackages(root, services.metafile, (output) => output === 'dist/data-plane.mjs'),
    readPackage(root, 'node_modules/swagger-ui-dist'),
  ],
  'session-agent': bundledPackages(root, agent.metafile),
  'runtime-node': bundledPackages(root, nodeRuntime.metafile),
  'local-store': bundledPackages(root, localStore.metafile),
};
await writeFile(`${dist}/packages.json`, `${JSON.stringify(packages, null, 2)}\n`);
execFileSync(process.execPath, [`${root}tools/compile-agent.cjs`], {
  stdio: ['ignore', 'ignore', 'inherit'],
});
process.stderr.write(`bundled into dist/ in ${Math.round(performance.now() - startedAt)} ms\n`);

/** The data-plane serves these files; those of Swagger UI keep their licence beside them. */
async function copyDocs() {
  const docs = `${dist}/docs`;
  const swaggerUi = import.meta.resolve('swagger-ui-dist/package.json');
  await cp(`${root}data-plane/docs`, docs, { recursive: true });
  await cp(`${root}docs/openapi.json`, `${docs}/openapi.json`);
  for (const file of ['swagger-ui-bundle.js', 'swagger-ui.css', 'LICENSE', 'NOTICE'])
    await cp(new URL(file, swaggerUi), `${docs}/swagger-ui/${file}`);
}
