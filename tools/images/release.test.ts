import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readVersion } from './definitions.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const workspaces =
  'contracts openapi session-store service-kit control-plane data-plane session-agent local'.split(
    ' ',
  );
const files = ['package.json', 'package-lock.json', 'infra/chart/Chart.yaml', 'CHANGELOG.md'];

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'steppe-release-'));
  for (const file of [...files, ...workspaces.map((each) => `${each}/package.json`)]) {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    cpSync(join(repository, file), join(root, file));
  }
});
afterEach(() => rmSync(root, { recursive: true }));

const read = (file: string) => readFileSync(join(root, file), 'utf8');
const release = (version: string) =>
  spawnSync(process.execPath, [`${repository}tools/release.mjs`, '--root', root, version], {
    encoding: 'utf8',
  });

test('the chart has the version of package.json', () => {
  expect(read('infra/chart/Chart.yaml')).toContain(`\nappVersion: ${readVersion(root)}\n`);
});

test('a release changes every place that names the version, and nothing else', () => {
  const before = read('package-lock.json');
  const current = readVersion(root);
  writeFileSync(join(root, 'CHANGELOG.md'), '# Changelog\n\n## 99.1.2\n\n- New.\n');
  expect(release('99.1.2')).toMatchObject({ status: 0 });
  for (const file of files.slice(0, 3)) expect(read(file)).toContain('99.1.2');
  for (const each of workspaces) expect(read(`${each}/package.json`)).toContain('"99.1.2"');
  expect(read('package.json')).not.toContain(`"@steppe/contracts": "${current}"`);
  const lock = read('package-lock.json').split('\n');
  const changed = before.split('\n').filter((line, index) => line !== lock[index]);
  expect(changed.every((line) => /("version"|"@steppe\/[\w-]+"): "/.test(line))).toBe(true);
  expect(lock.length).toBe(before.split('\n').length);
});

test('a version without an entry in the changelog is refused', () => {
  const before = read('package.json');
  const { status, stderr } = release('99.1.2');
  expect({ status, stderr }).toEqual({
    status: 1,
    stderr: 'release: CHANGELOG.md has no entry "## 99.1.2"\n',
  });
  expect(read('package.json')).toBe(before);
});
