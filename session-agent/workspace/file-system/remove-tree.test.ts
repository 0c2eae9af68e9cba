import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createIds } from '@steppe/contracts/ids';
import { systemClock } from '@steppe/service-kit/process/clock';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { removeTree } from './remove-tree.ts';

let outside: string;
let tree: string;
beforeEach(() => {
  outside = realpathSync(mkdtempSync(join(tmpdir(), 'steppe-test-')));
  tree = join(outside, 'tree');
  mkdirSync(join(outside, 'kept'));
  writeFileSync(join(outside, 'kept', 'file'), 'kept');
  mkdirSync(join(tree, 'inner', 'leaf'), { recursive: true });
  writeFileSync(join(tree, 'inner', 'file'), 'x');
});
afterEach(() => rmSync(outside, { recursive: true, force: true }));

const parts = { clock: systemClock, ids: createIds(systemClock) };
const keptFile = () => readFileSync(join(outside, 'kept', 'file'), 'utf8');

test('removes everything in it, whatever its kind and name, and keeps the targets of links', async () => {
  symlinkSync('../kept', join(tree, 'link'));
  symlinkSync('../../kept/file', join(tree, 'inner', 'link'));
  symlinkSync('nowhere', join(tree, 'broken'));
  execFileSync('mkfifo', [join(tree, 'fifo')]);
  writeFileSync(join(tree, '.steppe-upload-1'), 'x');
  writeFileSync(Buffer.concat([Buffer.from(`${tree}/inner/`), Buffer.from([0xff, 0xfe])]), 'x');
  const descriptors = () => readdirSync('/proc/self/fd').length;
  const before = descriptors();
  await removeTree(tree, parts);
  expect(existsSync(tree)).toBe(false);
  expect(keptFile()).toBe('kept');
  expect(descriptors()).toBe(before);
});

test('removes a tree whose paths are longer than the system allows', async () => {
  const dig = `import os,sys
os.chdir(sys.argv[1])
for i in range(300):
    open("file", "w").close(); os.mkdir("d" * 40); os.chdir("d" * 40)`;
  execFileSync('python3', ['-c', dig, tree]);
  await removeTree(tree, parts);
  expect(existsSync(tree)).toBe(false);
});

test('refuses a link, a file, and nothing', async () => {
  symlinkSync('kept', join(outside, 'link'));
  for (const name of ['link', 'kept/file'])
    await expect(removeTree(join(outside, name), parts)).rejects.toMatchObject({ code: 'ENOTDIR' });
  await expect(removeTree(join(outside, 'absent'), parts)).rejects.toMatchObject({
    code: 'ENOENT',
  });
  expect(keptFile()).toBe('kept');
});

test.skipIf(process.getuid?.() === 0)('says what permissions forbid', async () => {
  chmodSync(join(tree, 'inner'), 0o500);
  await expect(removeTree(tree, parts)).rejects.toMatchObject({ code: 'EACCES' });
  chmodSync(join(tree, 'inner'), 0o700);
});

test('stops when the time is over, and a second request removes the rest', async () => {
  await expect(removeTree(tree, { ...parts, maxMs: -1 })).rejects.toMatchObject({
    code: 'file_conflict',
    retryable: true,
  });
  await removeTree(tree, parts);
  expect(existsSync(tree)).toBe(false);
});

test('removes nothing outside of it while its directories are swapped for links', async () => {
  const swap = `const { mkdirSync, renameSync, symlinkSync, writeFileSync, rmSync } = require('node:fs');
    process.chdir(${JSON.stringify(outside)});
    for (let n = 0; ; n++) {
      try {
        mkdirSync('tree/swapped', { recursive: true });
        writeFileSync('tree/swapped/own', '');
        symlinkSync('../kept', 'tree/next');
        renameSync('tree/swapped', 'aside' + n);
        renameSync('tree/next', 'tree/swapped');
        rmSync('aside' + n, { recursive: true });
      } catch {}
    }`;
  const swapping = spawn(process.execPath, ['-e', swap], { stdio: 'ignore' });
  for (let removed = 0; removed < 100; )
    removed += await removeTree(tree, parts).then(
      () => 1,
      () => 0,
    );
  const ended = once(swapping, 'exit');
  swapping.kill('SIGKILL');
  await ended;
  expect(keptFile()).toBe('kept');
});
