import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listEntries } from './list-entries.ts';
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
  workspace.writeFile(segments, Readable.from([Buffer.from(content)]), 1000);
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
  await expect(workspace.writeFile(['kept'], broken, 1000)).rejects.toThrow('cut');
  await expect(write('x'.repeat(1001), 'kept')).rejects.toEqual(code('payload_too_large'));
  expect(readFileSync(join(workspace.root, 'kept'), 'utf8')).toBe('old');
  expect(readdirSync(workspace.root).filter((name) => name.startsWith('.steppe-upload'))).toEqual([]);
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

test('lists sorted, page by page, each entry once', async () => {
  await Promise.all(
    ['b', 'a', 'a/x', 'a.txt'].map((name) => (name === 'a' ? undefined : write('1', 'listing', ...name.split('/')))),
  );
  const whole = await listEntries(workspace.root, ['listing'], { recursive: true, limit: 100, after: undefined });
  expect(whole.entries.map(({ path }) => path)).toEqual(['listing/a', 'listing/a/x', 'listing/a.txt', 'listing/b']);
  const paged: string[] = [];
  for (let after: string[] | undefined; ; ) {
    const { entries, more } = await listEntries(workspace.root, ['listing'], { recursive: true, limit: 1, after });
    paged.push(...entries.map(({ path }) => path));
    after = paged.at(-1)?.split('/');
    if (!more) break;
  }
  expect(paged).toEqual(whole.entries.map(({ path }) => path));
  const flat = await listEntries(workspace.root, ['inside-link'], { recursive: false, limit: 10, after: undefined });
  expect(flat.entries).toMatchObject([{ name: 'deep', path: 'dir/deep', type: 'directory' }]);
});

test('says what is wrong with a directory that cannot be listed', async () => {
  const list = (...segments: string[]) =>
    listEntries(workspace.root, segments, { recursive: false, limit: 10, after: undefined });
  await expect(list('absent')).rejects.toEqual(code('file_not_found'));
  await expect(list('file')).rejects.toEqual(code('file_conflict'));
  await expect(list('root-link')).rejects.toEqual(code('invalid_request'));
});
