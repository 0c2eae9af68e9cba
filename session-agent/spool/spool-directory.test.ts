import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { createSpoolDirectory } from './spool-directory.ts';
import { describeSpoolFiles } from './spool-files-conformance.ts';

const root = mkdtempSync('/tmp/steppe-spool-');
afterAll(() => rmSync(root, { recursive: true }));
let count = 0;
const newDirectory = () => {
  count += 1;
  return join(root, `${count}`, 'spool');
};

describeSpoolFiles(() => ({
  files: createSpoolDirectory(newDirectory()),
  drive: (work) => work,
}));

test('keeps its directory from other users, and removes it with all files', () => {
  const directory = newDirectory();
  const files = createSpoolDirectory(directory);
  expect(existsSync(directory)).toBe(false);
  files.create('1.spool');
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  files.clear();
  expect(existsSync(directory)).toBe(false);
});

test('throws where a directory cannot be made', () => {
  expect(() => createSpoolDirectory('/dev/null/spool').create('1.spool')).toThrow('ENOTDIR');
});
