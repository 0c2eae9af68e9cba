import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '@steppe/service-kit/process/clock';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { readPages } from '../../testing/read-pages.ts';
import { segmentsOf } from '../file-path.ts';
import { type ListBounds, listEntries } from './list-entries.ts';

let outside: string;
let root: string;
beforeEach(() => {
  outside = realpathSync(mkdtempSync(join(tmpdir(), 'steppe-test-')));
  root = join(outside, 'workspace');
  mkdirSync(root);
});
afterEach(() => rmSync(outside, { recursive: true, force: true }));

const make = (...files: string[]) => {
  for (const file of files) {
    mkdirSync(join(root, file, '..'), { recursive: true });
    writeFileSync(join(root, file), 'x');
  }
};
const list = (segments: string[] = [], options: Partial<ListBounds> = {}) =>
  listEntries({ root, clock: systemClock }, segments, {
    depth: 100,
    limit: 10_000,
    after: undefined,
    ...options,
  });
const pathsOf = async (...given: Parameters<typeof list>) =>
  (await list(...given)).entries.map(({ path }) => path);
const everyPage = (options: Partial<ListBounds>) =>
  readPages((after) => list([], { ...options, after }));
const code = (expected: string) => expect.objectContaining({ code: expected });

test('is sorted across pages, with each entry once', async () => {
  make('b', 'a/x', 'a.txt');
  const whole = ['a', 'a/x', 'a.txt', 'b'];
  expect(await pathsOf()).toEqual(whole);
  expect(await everyPage({ limit: 1 })).toEqual(whole.map((path) => [path]));
  expect(await everyPage({ limit: 3 })).toEqual([whole.slice(0, 3), whole.slice(3)]);
});

test('ends a page at its time limit, with at least one entry', async () => {
  make('b', 'a/x', 'a.txt');
  expect(await everyPage({ maxMs: 0 })).toEqual([['a'], ['a/x'], ['a.txt'], ['b']]);
});

test('follows a link to the directory that is listed, and no other', async () => {
  make('dir/deep/leaf');
  symlinkSync('dir', join(root, 'inside'));
  expect(await pathsOf(['inside'])).toEqual(['dir/deep', 'dir/deep/leaf']);
  expect(await pathsOf()).toEqual(['dir', 'dir/deep', 'dir/deep/leaf', 'inside']);
});

test('shows permissions, and where links lead', async () => {
  make('file', 'script', 'shared/x');
  chmodSync(join(root, 'file'), 0o640);
  chmodSync(join(root, 'script'), 0o4755);
  chmodSync(join(root, 'shared'), 0o1777);
  symlinkSync('../elsewhere/ü', join(root, 'link'));
  const { entries } = await list([], { depth: 1 });
  expect(entries.map(({ name, mode, target }) => [name, mode, target])).toEqual([
    ['file', '0640', undefined],
    ['link', '0777', '../elsewhere/ü'],
    ['script', '4755', undefined],
    ['shared', '1777', undefined],
  ]);
});

test('enters directories down to a maximum depth, and lists deeper ones on request', async () => {
  make('1/2/3/4/5');
  expect(await pathsOf([], { depth: 3 })).toEqual(['1', '1/2', '1/2/3']);
  expect(await pathsOf(['1', '2', '3'], { depth: 3 })).toEqual(['1/2/3/4', '1/2/3/4/5']);
  const pages = (await everyPage({ depth: 3, limit: 1 })).flat();
  expect(pages).toEqual(['1', '1/2', '1/2/3']);
  const deep = Array.from({ length: 150 }, (_, at) => `d${at}`);
  make([...deep, 'leaf'].join('/'));
  expect(await pathsOf(['d0'])).toHaveLength(100);
});

test('leaves out entries whose path is too long, so that its cursors are valid', async () => {
  const name = (at: number) => `${String(at).padStart(2, '0')}${'x'.repeat(248)}`;
  // One directory at a time, because the whole path is longer than the system allows.
  const dig = `import os,sys
os.chdir(sys.argv[1])
for name in sys.argv[2:]:
    os.mkdir(name); os.chdir(name)`;
  const names = Array.from({ length: 20 }, (_, at) => name(at));
  execFileSync('python3', ['-c', dig, root, ...names]);
  const paths = await pathsOf();
  expect(paths).toHaveLength(16);
  for (const path of paths) expect(segmentsOf(path).join('/')).toBe(path);
  expect((await everyPage({ limit: 1 })).flat()).toEqual(paths);
  execFileSync('rm', ['-rf', root]);
});

test('leaves out incomplete uploads, and names that are not UTF-8', async () => {
  make('.steppe-upload-1', 'dir/.steppe-upload-2', 'dir/file');
  writeFileSync(Buffer.concat([Buffer.from(`${root}/dir/`), Buffer.from([0xff, 0xfe])]), 'x');
  expect(await pathsOf()).toEqual(['dir', 'dir/file']);
});

test('lists an unreadable directory as empty', async () => {
  make('closed/file', 'open');
  chmodSync(join(root, 'closed'), 0);
  const isRoot = process.getuid?.() === 0;
  expect(await pathsOf()).toEqual(isRoot ? ['closed', 'closed/file', 'open'] : ['closed', 'open']);
  chmodSync(join(root, 'closed'), 0o700);
});

test('shows nothing outside the workspace while directories are swapped for links', async () => {
  mkdirSync(join(outside, 'elsewhere'));
  writeFileSync(join(outside, 'elsewhere', 'secret'), 'x');
  make('swapped/own');
  symlinkSync('../elsewhere', join(root, 'link'));
  const swap = `const { renameSync: move } = require('node:fs');
    process.chdir(${JSON.stringify(root)});
    for (;;) {
      for (const [from, to] of [['swapped', 'aside'], ['link', 'swapped'], ['swapped', 'link'], ['aside', 'swapped']]) move(from, to);
    }`;
  const swapping = spawn(process.execPath, ['-e', swap], { stdio: 'ignore' });
  const seen = new Set<string>();
  for (let round = 0; round < 1000 || !seen.has('swapped/own'); round++)
    for (const path of await pathsOf()) seen.add(path);
  const ended = once(swapping, 'exit');
  swapping.kill('SIGKILL');
  await ended;
  expect([...seen].filter((path) => path.endsWith('secret'))).toEqual([]);
});

test('reports why a directory cannot be listed', async () => {
  make('file');
  symlinkSync('/', join(root, 'leads-out'));
  await expect(list(['absent'])).rejects.toEqual(code('file_not_found'));
  await expect(list(['file'])).rejects.toEqual(code('file_conflict'));
  await expect(list(['leads-out'])).rejects.toEqual(code('invalid_request'));
});
