import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('../../', import.meta.url));
const outdir = `${root}dist/bench/programs`;

/** Bundles the programs that the bench starts, so that none of them compiles while it is measured. */
export async function buildPrograms(): Promise<void> {
  await build({
    absWorkingDir: root,
    entryPoints: {
      load: 'bench/load/main.ts',
      pacer: 'bench/load/pacer.ts',
      'bare-proxy': 'bench/peers/bare-proxy/main.ts',
      'fake-agent': 'bench/peers/fake-agent/main.ts',
    },
    outdir,
    bundle: true,
    platform: 'node',
    target: 'node20.20',
    format: 'esm',
    outExtension: { '.js': '.mjs' },
    // CommonJS packages inside an ESM bundle call `require`.
    banner: {
      js: "import { createRequire as bundleRequire } from 'node:module';const require = bundleRequire(import.meta.url);",
    },
    logLevel: 'warning',
  });
}

export const programPath = (name: string): string => `${outdir}/${name}.mjs`;
