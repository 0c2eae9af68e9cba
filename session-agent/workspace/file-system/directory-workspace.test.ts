import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createIds } from '@steppe/contracts/ids';
import { systemClock } from '@steppe/service-kit/process/clock';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { FileVersion } from '../workspace.ts';
import { describeWorkspace } from '../workspace-conformance.ts';
import { DirectoryWorkspace } from './directory-workspace.ts';

let outside: string;
let workspace: DirectoryWorkspace;

beforeAll(() => {
  outside = realpathSync(mkdtempSync(join(tmpdir(), 'steppe-test-')));
  const root = join(outside, 'workspace');
  mkdirSync(join(root, 'dir', 'deep'), { recursive: true });
  writeFileSync(join(outside, 'secret'), 'secret');
  writeFileSync(join(root, 'file'), 'content');
  writeFileSync(join(root, 'dir', 'deep', 'leaf'), 'leaf');
  symlinkSync('../secret', join(root, 'leads-out'));
  mkdirSync(`${root}-beside`);
  writeFileSync(`${root}-beside/secret`, 'secret');
  symlinkSync(`${root}-beside/secret`, join(root, 'leads-beside'));
  symlinkSync('/', join(root, 'root-link'));
  symlinkSync('dir', join(root, 'inside-link'));
  symlinkSync(join(root, 'file'), join(root, 'absolute-link'));
  symlinkSync('loop-b', join(root, 'loop-a'));
  symlinkSync('loop-a', join(root, 'loop-b'));
  symlinkSync('not-there-yet', join(root, 'dangling'));
  execFileSync('mkfifo', [join(root, 'fifo')]);
  workspace = new DirectoryWorkspace({ root, clock: systemClock, ids: createIds(systemClock) });
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
const uploadsIn = (directory: string) =>
  readdirSync(directory).filter((name) => name.startsWith('.steppe-upload'));
let count = 0;
describeWorkspace(() => {
  count += 1;
  const root = join(outside, `workspace-${count}`);
  mkdirSync(root);
  return {
    workspace: new DirectoryWorkspace({ root, clock: systemClock, ids: createIds(systemClock) }),
    drive: (work) => work,
  };
});

const code = (expected: string) => expect.objectContaining({ code: expected });

test('follows links that stay inside the workspace', async () => {
  expect(await read('inside-link', 'deep', 'leaf')).toBe('leaf');
  expect(await read('absolute-link')).toBe('content');
  await write('made', 'dangling');
  expect(await read('not-there-yet')).toBe('made');
});

test.each([
  ['leads-out'],
  ['leads-beside'],
  ['root-link', 'etc', 'passwd'],
  ['loop-a'],
  ['loop-a', 'x'],
])('rejects the link in %s', async (...segments) => {
  await expect(read(...segments)).rejects.toEqual(code('invalid_request'));
  await expect(write('x', ...segments)).rejects.toEqual(code('invalid_request'));
});

test('neither reads nor replaces a FIFO', async () => {
  await expect(read('fifo')).rejects.toEqual(code('file_conflict'));
  await expect(write('x', 'fifo')).rejects.toEqual(code('file_conflict'));
});

test('leaves only the old file when an upload breaks or is too large', async () => {
  await write('old', 'kept');
  const broken = Readable.from(
    (async function* () {
      yield Buffer.from('half');
      throw new Error('cut');
    })(),
  );
  await expect(workspace.writeFile(['kept'], broken, { maxBytes: 1000 })).rejects.toEqual(
    code('invalid_request'),
  );
  await expect(write('x'.repeat(1001), 'kept')).rejects.toEqual(code('payload_too_large'));
  expect(readFileSync(join(workspace.root, 'kept'), 'utf8')).toBe('old');
  expect(uploadsIn(workspace.root)).toEqual([]);
});

test('removes links themselves', async () => {
  symlinkSync('../secret', join(workspace.root, 'link-to-remove'));
  await workspace.remove(['link-to-remove']);
  expect(readFileSync(join(outside, 'secret'), 'utf8')).toBe('secret');
});

test('makes no directory where a FIFO is, nor outside the workspace', async () => {
  await expect(workspace.makeDirectory(['fifo'])).rejects.toEqual(code('file_conflict'));
  for (const path of [['leads-out'], ['root-link', 'made']])
    await expect(workspace.makeDirectory(path)).rejects.toEqual(code('invalid_request'));
});

test('makes the workspace again after code has removed it', async () => {
  const root = join(outside, 'removed');
  const again = new DirectoryWorkspace({ root, clock: systemClock, ids: createIds(systemClock) });
  const one = { depth: 1, limit: 10, after: undefined };
  expect(await again.list([], one)).toEqual({ entries: [], more: false });
  rmSync(root, { recursive: true });
  await again.writeFile(['dir', 'file'], Readable.from([Buffer.from('x')]), { maxBytes: 10 });
  expect(readFileSync(join(root, 'dir', 'file'), 'utf8')).toBe('x');
  rmSync(root, { recursive: true });
  await expect(again.openFile(['dir', 'file'])).rejects.toEqual(code('file_not_found'));
});

test('creates a file only if there is none, even if code creates one just before', async () => {
  const place = join(workspace.root, 'contested');
  let looks = 0;
  const check = (current: FileVersion | undefined) => {
    if (current) throw new Error('there is one');
    looks += 1;
    // The second check runs right before the file takes its place.
    if (looks === 2) writeFileSync(place, 'by code');
  };
  const upload = workspace.writeFile(['contested'], Readable.from([Buffer.from('x')]), {
    maxBytes: 1000,
    check,
    onlyNew: true,
  });
  await expect(upload).rejects.toThrow('there is one');
  expect(readFileSync(place, 'utf8')).toBe('by code');
  expect(uploadsIn(workspace.root)).toEqual([]);
});

test('reports that a directory was removed during the upload', async () => {
  const racing = Readable.from(
    (async function* () {
      yield Buffer.from('x');
      rmSync(join(workspace.root, 'vanishing'), { recursive: true });
    })(),
  );
  await expect(
    workspace.writeFile(['vanishing', 'file'], racing, { maxBytes: 1000 }),
  ).rejects.toEqual(expect.objectContaining({ code: 'file_conflict', retryable: true }));
});

test('a replaced file keeps its permissions, and gets a new version at the same size', async () => {
  const place = join(workspace.root, 'script');
  const { version } = await write('#!/bin/a', 'script');
  chmodSync(place, 0o750);
  await write('#!/bin/b', 'script');
  expect(statSync(place).mode & 0o777).toBe(0o750);
  const before = await workspace.openFile(['script']);
  await before.file.close();
  writeFileSync(place, '#!/bin/c');
  const after = await workspace.openFile(['script']);
  await after.file.close();
  expect(new Set([version, before.version, after.version].map(({ etag }) => etag)).size).toBe(3);
});

test('leaves no open descriptors and no temporary files, whatever the outcome', async () => {
  const open = () => readdirSync('/proc/self/fd').length;
  await write('x', 'warm', 'up');
  const before = open();
  await write('x', 'inside-link', 'made');
  await write('y', 'inside-link', 'made');
  await workspace.writeFile(['only-new'], Readable.from([Buffer.from('x')]), {
    maxBytes: 1000,
    onlyNew: true,
  });
  expect(await read('inside-link', 'deep', 'leaf')).toBe('leaf');
  for (const path of ['fifo', 'dir', 'absent', 'leads-out']) await read(path).catch(() => {});
  await write('x'.repeat(1001), 'too', 'large').catch(() => {});
  await workspace.list([], { depth: 100, limit: 1000, after: undefined });
  await workspace.remove(['only-new']);
  expect(open()).toBe(before);
  expect([...uploadsIn(workspace.root), ...uploadsIn(join(workspace.root, 'too'))]).toEqual([]);
});
