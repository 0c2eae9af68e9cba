import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FileVersion } from './file-version.ts';
import { Workspace } from './workspace.ts';

let outside: string;
let workspace: Workspace;

beforeAll(() => {
  outside = realpathSync(mkdtempSync(join(tmpdir(), 'steppe-test-')));
  const root = join(outside, 'workspace');
  mkdirSync(join(root, 'dir', 'deep'), { recursive: true });
  writeFileSync(join(outside, 'secret'), 'secret');
  writeFileSync(join(root, 'file'), 'content');
  writeFileSync(join(root, 'dir', 'deep', 'leaf'), 'leaf');
  symlinkSync('../secret', join(root, 'leads-out'));
  symlinkSync('/', join(root, 'root-link'));
  symlinkSync('dir', join(root, 'inside-link'));
  symlinkSync(join(root, 'file'), join(root, 'absolute-link'));
  symlinkSync('loop-b', join(root, 'loop-a'));
  symlinkSync('loop-a', join(root, 'loop-b'));
  symlinkSync('not-there-yet', join(root, 'dangling'));
  execFileSync('mkfifo', [join(root, 'fifo')]);
  workspace = new Workspace(root);
});

afterAll(() => rmSync(outside, { recursive: true, force: true }));

const read = async (...segments: string[]) => {
  const { file } = await workspace.openFile(segments);
  try {
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
};
const write = (content: string, ...segments: string[]) =>
  workspace.writeFile(segments, Readable.from([Buffer.from(content)]), { maxBytes: 1000 });
const uploadsIn = (directory: string) => readdirSync(directory).filter((name) => name.startsWith('.steppe-upload'));
const code = (expected: string) => expect.objectContaining({ code: expected });

test('reads and replaces a file', async () => {
  expect(await read('file')).toBe('content');
  const first = await write('one', 'new', 'dirs', 'made');
  expect(first).toMatchObject({ created: true, entry: { name: 'made', path: 'new/dirs/made', type: 'file', size_bytes: 3 } });
  expect(await write('three', 'new', 'dirs', 'made')).toMatchObject({ created: false });
  expect(await read('new', 'dirs', 'made')).toBe('three');
});

test('follows links that stay inside', async () => {
  expect(await read('inside-link', 'deep', 'leaf')).toBe('leaf');
  expect(await read('absolute-link')).toBe('content');
  await write('made', 'dangling');
  expect(await read('not-there-yet')).toBe('made');
});

test.each([['leads-out'], ['root-link', 'etc', 'passwd'], ['loop-a'], ['loop-a', 'x']])(
  'refuses the link in %s',
  async (...segments) => {
    await expect(read(...segments)).rejects.toEqual(code('invalid_request'));
    await expect(write('x', ...segments)).rejects.toEqual(code('invalid_request'));
  },
);

test('says which kind of entry is in the way', async () => {
  await expect(read('absent')).rejects.toEqual(code('file_not_found'));
  await expect(read('absent', 'x')).rejects.toEqual(code('file_not_found'));
  await expect(read('dir')).rejects.toEqual(code('file_conflict'));
  await expect(write('x', 'dir')).rejects.toEqual(code('file_conflict'));
  await expect(read('file', 'x')).rejects.toEqual(code('file_conflict'));
  await expect(write('x', 'file', 'x')).rejects.toEqual(code('file_conflict'));
  await expect(read('fifo')).rejects.toEqual(code('file_conflict'));
  await expect(write('x', 'fifo')).rejects.toEqual(code('file_conflict'));
});

test('leaves the old file and nothing else when an upload breaks or is too large', async () => {
  await write('old', 'kept');
  const broken = Readable.from(
    (async function* () {
      yield Buffer.from('half');
      throw new Error('cut');
    })(),
  );
  await expect(workspace.writeFile(['kept'], broken, { maxBytes: 1000 })).rejects.toEqual(code('invalid_request'));
  await expect(write('x'.repeat(1001), 'kept')).rejects.toEqual(code('payload_too_large'));
  expect(readFileSync(join(workspace.root, 'kept'), 'utf8')).toBe('old');
  expect(uploadsIn(workspace.root)).toEqual([]);
});

test('removes files, empty directories and links themselves', async () => {
  await write('x', 'gone', 'file');
  await expect(workspace.remove(['gone'])).rejects.toEqual(code('file_conflict'));
  await workspace.remove(['gone', 'file']);
  await workspace.remove(['gone']);
  await expect(workspace.remove(['gone'])).rejects.toEqual(code('file_not_found'));
  symlinkSync('../secret', join(workspace.root, 'link-to-remove'));
  await workspace.remove(['link-to-remove']);
  expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret');
});

test('makes a new file only where there is none, even when code makes one at the last moment', async () => {
  const place = join(workspace.root, 'contested');
  let looks = 0;
  const check = (current: FileVersion | undefined) => {
    if (current) throw new Error('there is one');
    looks += 1;
    // The second look is the one right before the file takes its place.
    if (looks === 2) writeFileSync(place, 'by code');
  };
  const upload = workspace.writeFile(['contested'], Readable.from([Buffer.from('x')]), { maxBytes: 1000, check, onlyNew: true });
  await expect(upload).rejects.toThrow('there is one');
  expect(readFileSync(place, 'utf8')).toBe('by code');
  expect(uploadsIn(workspace.root)).toEqual([]);
});

test('says that a directory was removed while the bytes came', async () => {
  const racing = Readable.from(
    (async function* () {
      yield Buffer.from('x');
      rmSync(join(workspace.root, 'vanishing'), { recursive: true });
    })(),
  );
  await expect(workspace.writeFile(['vanishing', 'file'], racing, { maxBytes: 1000 })).rejects.toEqual(
    expect.objectContaining({ code: 'file_conflict', retryable: true }),
  );
});
