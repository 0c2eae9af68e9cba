import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { esmBundle } from '../../../tools/esm-bundle.mjs';
import type { Patch } from '../bugs/planted-bug.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));

/** Where the bundle without a planted bug is. */
export const bundleDirectory = `${root}dist/simulation`;

/**
 * Bundles the product and its simulator into a directory, whose `main.mjs` runs seeds.
 * @param patches of a planted bug.
 * @throws Error if a patch changes nothing.
 */
export async function bundleSimulation(
  outdir: string,
  patches: readonly Patch[] = [],
): Promise<void> {
  const applied = new Set<Patch>();
  await build({
    ...esmBundle,
    absWorkingDir: root,
    entryPoints: { main: 'test/simulation/run/main.ts' },
    outdir,
    logLevel: 'error',
    plugins: [perProcessTimers, withoutStorage, plant(patches, applied)],
  });
  const unused = patches.find((patch) => !applied.has(patch));
  if (unused) throw new Error(`${unused.file} is not in the bundle`);
}

/** One timer of undici serves all its clients: it would belong to the process that armed it. */
const perProcessTimers: Plugin = {
  name: 'per-process timers',
  setup({ onResolve }) {
    const path = `${root}test/simulation/run/undici-timers.cjs`;
    onResolve({ filter: /\/util\/timers(\.js)?$/ }, ({ importer }) =>
      importer.includes('/undici/') ? { path } : undefined,
    );
  },
};

/** The model of the table uses dynalite without its storage, which is native code. */
const withoutStorage: Plugin = {
  name: 'without storage',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^(level|memory-level|classic-level)$/ }, ({ path }) => ({
      path,
      namespace: 'nothing',
    }));
    onLoad({ filter: /.*/, namespace: 'nothing' }, () => ({ contents: 'module.exports = {};' }));
  },
};

const plant = (patches: readonly Patch[], applied: Set<Patch>): Plugin => ({
  name: 'planted bug',
  setup({ onLoad }) {
    if (patches.length === 0) return;
    onLoad({ filter: /\.ts$/ }, async ({ path }) => {
      const own = patches.filter(({ file }) => path === `${root}${file}`);
      if (own.length === 0) return undefined;
      let contents = await readFile(path, 'utf8');
      for (const patch of own) {
        if (!contents.includes(patch.from)) throw new Error(`${patch.file} has no ${patch.from}`);
        contents = contents.replace(patch.from, () => patch.to);
        applied.add(patch);
      }
      return { contents, loader: 'ts' };
    });
  },
});
