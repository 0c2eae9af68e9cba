import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createChangedFiles } from './changed-files.ts';

const folder = mkdtempSync('/tmp/steppe-');
afterAll(() => rmSync(folder, { recursive: true }));

it('counts each change, also of the same length', () => {
  const versionOf = createChangedFiles();
  const path = join(folder, 'file.mjs');
  expect(versionOf(path)).toBe(0);
  writeFileSync(path, '1');
  expect([versionOf(path), versionOf(path)]).toEqual([0, 0]);
  rmSync(path);
  expect(versionOf(path)).toBe(0);
  writeFileSync(path, '2');
  expect([versionOf(path), versionOf(path)]).toEqual([1, 1]);
});

it('does not count changes of packages', () => {
  const versionOf = createChangedFiles();
  const path = join(folder, 'node_modules', 'index.js');
  mkdirSync(join(folder, 'node_modules'));
  for (const text of ['1', '22']) {
    writeFileSync(path, text);
    expect(versionOf(path)).toBe(0);
  }
});
