import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { removeTree } from './instance-directory.ts';

test('removes a directory that goes down further than a path can name', async () => {
  const root = mkdtempSync(join(tmpdir(), 'steppe-test-'));
  const dig = `import os, sys
os.chdir(sys.argv[1])
for level in range(30):
    os.mkdir("d" * 250)
    os.chdir("d" * 250)`;
  execFileSync('python3', ['-c', dig, root]);
  await removeTree(root);
  expect(existsSync(root)).toBe(false);
});
