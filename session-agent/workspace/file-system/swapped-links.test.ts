import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  realpathSync,
  rmSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createIds } from '@steppe/contracts/ids';
import { systemClock } from '@steppe/service-kit/process/clock';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { DirectoryWorkspace } from './directory-workspace.ts';
import { listEntries } from './list-entries.ts';

/** What user code does between two system calls of the workspace. */
const swap = { beforeLstat: (_path: string) => {}, beforeReadlink: (_path: string) => {} };
vi.mock('node:fs/promises', async (importOriginal) => {
  const real = await importOriginal<typeof import('node:fs/promises')>();
  const lstat = (path: string, options: object) => {
    swap.beforeLstat(path);
    return real.lstat(path, options);
  };
  const readlink = (path: string) => {
    swap.beforeReadlink(path);
    return real.readlink(path);
  };
  return { ...real, lstat, readlink };
});

let root: string;
let workspace: DirectoryWorkspace;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'steppe-test-')));
  workspace = new DirectoryWorkspace({ root, clock: systemClock, ids: createIds(systemClock) });
  mkdirSync(join(root, 'dir'));
  writeFileSync(join(root, 'dir', 'file'), 'inside');
  writeFileSync(join(root, 'target'), 'target');
  symlinkSync('target', join(root, 'swapped'));
});
afterEach(() => {
  Object.assign(swap, { beforeLstat: () => {}, beforeReadlink: () => {} });
  rmSync(root, { recursive: true });
});

const read = async (...segments: string[]) => {
  const { file } = await workspace.openFile(segments);
  try {
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
};

const isSwapped = (path: string) => path.endsWith('/swapped');
const becomeFile = (path: string) => {
  if (!isSwapped(path)) return;
  unlinkSync(path);
  writeFileSync(path, 'was a link');
};
const becomeLink = (path: string) => {
  if (!isSwapped(path) || lstatSync(path).isSymbolicLink()) return;
  unlinkSync(path);
  symlinkSync('target', path);
};
const write = () =>
  workspace.writeFile(['swapped'], Readable.from([Buffer.from('new')]), { maxBytes: 1000 });

test('a link that becomes a file before it is read is examined again', async () => {
  swap.beforeReadlink = becomeFile;
  expect(await read('swapped')).toBe('was a link');
  becomeLink(join(root, 'swapped'));
  expect(await write()).toMatchObject({ created: false });
  expect(await read('swapped')).toBe('new');
});

test.each([
  ['read', () => read('swapped')],
  ['read below', () => read('swapped', 'file')],
  ['written', () => write()],
  [
    'listed',
    () =>
      listEntries({ root, clock: systemClock }, ['swapped'], {
        depth: 1,
        limit: 10,
        after: undefined,
      }),
  ],
  ['made', () => workspace.makeDirectory(['swapped'])],
  ['removed below', () => workspace.remove(['swapped', 'file'])],
])(
  'a link that becomes a file each time is rejected when it is %s, and the request can be retried',
  async (_how, call) => {
    swap.beforeLstat = becomeLink;
    swap.beforeReadlink = becomeFile;
    await expect(call()).rejects.toMatchObject({ code: 'file_conflict', retryable: true });
  },
);

test('a link that vanishes before it is read is not a file', async () => {
  swap.beforeReadlink = (path) => isSwapped(path) && unlinkSync(path);
  await expect(read('swapped')).rejects.toMatchObject({ code: 'file_not_found' });
});
