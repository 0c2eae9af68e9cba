// Gives the workspace, its lock file and the chart a new version: `make release VERSION=1.2.3`. The
// changelog must describe that version. Nothing is committed.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { root: { type: 'string', default: fileURLToPath(new URL('..', import.meta.url)) } },
});
const root = values.root;
const [version = ''] = positionals;
const read = (path) => readFileSync(join(root, path), 'utf8');
const current = JSON.parse(read('package.json')).version;

const problem = findProblem();
if (problem) {
  process.stderr.write(`release: ${problem}\n`);
  process.exit(1);
}
const { workspaces } = JSON.parse(read('package.json'));
for (const folder of ['.', ...workspaces]) updateManifest(`${folder}/package.json`);
updateLock();
updateChart();
process.stderr.write(`release: ${current} is now ${version}\n`);

function findProblem() {
  if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) return 'set VERSION, such as VERSION=1.2.3';
  if (version === current) return `the version is ${current} already`;
  const [, entry = ''] = read('CHANGELOG.md').split(`\n## ${version}\n`);
  const text = entry.split('\n## ')[0].trim();
  if (text === '') return `CHANGELOG.md has no entry "## ${version}"`;
  return undefined;
}

function updateManifest(path) {
  const manifest = JSON.parse(read(path));
  updatePackage(manifest);
  writeJson(path, manifest);
}

/** The lock file describes the packages of the workspace at their folders. */
function updateLock() {
  const lock = JSON.parse(read('package-lock.json'));
  lock.version = version;
  for (const [folder, entry] of Object.entries(lock.packages))
    if (!folder.includes('node_modules')) updatePackage(entry);
  writeJson('package-lock.json', lock);
}

function updatePackage(manifest) {
  manifest.version = version;
  for (const dependencies of [manifest.dependencies, manifest.devDependencies])
    for (const name of Object.keys(dependencies ?? {}))
      if (name.startsWith('@steppe/')) dependencies[name] = version;
}

function updateChart() {
  const chart = read('infra/chart/Chart.yaml').replace(
    /^(version|appVersion): .*$/gm,
    `$1: ${version}`,
  );
  writeFileSync(join(root, 'infra/chart/Chart.yaml'), chart);
}

function writeJson(path, value) {
  writeFileSync(join(root, path), `${JSON.stringify(value, null, 2)}\n`);
}
