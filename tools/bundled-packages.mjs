import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The npm packages in a bundle, as `{name, version, license}`, sorted by name. A bundle has no
 * package.json from which a scanner could read them.
 *
 * @param {string} root
 * @param {import('esbuild').Metafile} metafile
 * @param {string} output the path of the bundle, relative to the root
 */
export function bundledPackages(root, metafile, output) {
  const folders = new Set(Object.keys(metafile.outputs[output].inputs).flatMap(packageFolder));
  return [...folders]
    .map((folder) => JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')))
    .map(({ name, version, license }) => ({ name, version, license }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

const packageFolder = (path) =>
  path.match(/^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/)?.slice(0, 1) ?? [];
