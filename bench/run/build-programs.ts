import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { esmBundle } from '../../tools/esm-bundle.mjs';

const root = fileURLToPath(new URL('../../', import.meta.url));
const outdir = `${root}dist/bench/programs`;

/** Bundles the programs that the bench starts, so that none of them compiles while it is measured. */
export async function buildPrograms(): Promise<void> {
  await build({
    ...esmBundle,
    absWorkingDir: root,
    entryPoints: {
      load: 'bench/load/main.ts',
      pacer: 'bench/load/pacer.ts',
      'bare-proxy': 'bench/peers/bare-proxy/main.ts',
      'fake-agent': 'bench/peers/fake-agent/main.ts',
    },
    outdir,
    logLevel: 'warning',
  });
}

export const programPath = (name: string): string => `${outdir}/${name}.mjs`;
