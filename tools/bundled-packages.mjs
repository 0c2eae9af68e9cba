import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The npm packages in bundles, as `{name, version, license}`, sorted by name. A bundle has no
 * package.json from which a scanner could read them.
 *
 * @param {string} root
 * @param {import('esbuild').Metafile} metafile
 * @param {(output: string) => boolean} [isIncluded] chooses bundles by their path
 */
export function bundledPackages(root, metafile, isIncluded = () => true) {
  const inputs = Object.entries(metafile.outputs)
    .filter(([output]) => isIncluded(output))
    .flatMap(([, { inputs }]) => Object.keys(inputs));
  const folders = new Set(inputs.flatMap(packageFolder));
  return [...folders]
    .map((folder) => readPackage(root, folder))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** @param {string} root @param {string} folder of a package, relative to the root */
export function readPackage(root, folder) {
  const file = readFileSync(join(root, folder, 'package.json'), 'utf8');
  const { name, version, license } = JSON.parse(file);
  return { name, version, license: license?.type ?? license };
}

const packageFolder = (path) =>
  path.match(/^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/)?.slice(0, 1) ?? [];
