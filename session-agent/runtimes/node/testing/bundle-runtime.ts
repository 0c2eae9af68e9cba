import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { nodeRuntimeBundle } from '../bundle-options.mjs';

/** The runtime as it is shipped, in a separate directory. */
export async function bundleRuntime(): Promise<string> {
  const outdir = mkdtempSync(join('/tmp', 'steppe-bundle-'));
  await build({ ...nodeRuntimeBundle, outdir });
  return outdir;
}
