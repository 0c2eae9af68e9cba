import { mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { createIds } from '@steppe/contracts/ids';
import { systemClock } from '@steppe/service-kit/process/clock';
import { createLogger } from '@steppe/service-kit/process/logger';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { DirectoryWorkspace } from './directory-workspace.ts';
import { WorkspaceSpace } from './workspace-space.ts';

const mebibyte = 1024 ** 2;
const limitBytes = 8 * mebibyte;

let root: string;
let workspace: DirectoryWorkspace;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'steppe-space-')));
  const logger = createLogger({ service: 'test', level: 'silent' });
  workspace = new DirectoryWorkspace({
    root,
    clock: systemClock,
    ids: createIds(systemClock),
    space: new WorkspaceSpace({ root, limitBytes, clock: systemClock, logger }),
  });
});
afterEach(() => rmSync(root, { recursive: true }));

/** Counts the chunks of 64 KiB that were read. */
function upload(name: string, bytes: number, announcedBytes = 0) {
  const read = { chunks: 0 };
  const chunks = function* () {
    for (let left = bytes; left > 0; left -= 65_536) {
      read.chunks += 1;
      yield Buffer.alloc(Math.min(left, 65_536), 'n');
    }
  };
  const options = { maxBytes: 1024 ** 3, announcedBytes };
  const written = workspace.writeFile([name], Readable.from(chunks()), options);
  return { written, read };
}
const noSpace = { code: 'no_space', status: 507, details: { limit_bytes: limitBytes } };

test('refuses what does not fit beside what user code wrote, and leaves nothing of it', async () => {
  writeFileSync(join(root, 'by-user-code'), Buffer.alloc(5 * mebibyte, 'u'));
  await expect(upload('too-large', 4 * mebibyte).written).rejects.toMatchObject(noSpace);
  expect(readdirSync(root)).toEqual(['by-user-code']);
  expect(await upload('fits', 2 * mebibyte).written).toMatchObject({ created: true });
});

test('does not read an upload that announces more than fits', async () => {
  const { written, read } = upload('announced', 64 * mebibyte, 64 * mebibyte);
  await expect(written).rejects.toMatchObject(noSpace);
  expect(read.chunks).toBe(0);
});

test('accepts files again as soon as some are deleted', async () => {
  await upload('first', 6 * mebibyte).written;
  await expect(upload('second', 4 * mebibyte).written).rejects.toMatchObject(noSpace);
  await workspace.remove(['first']);
  expect(await upload('second', 4 * mebibyte).written).toMatchObject({ created: true });
});

test('uploads at the same time do not pass the limit together', async () => {
  const uploads = Array.from({ length: 8 }, (_, at) => upload(`file-${at}`, 2 * mebibyte).written);
  const outcomes = await Promise.allSettled(uploads);
  const refused = outcomes.filter(({ status }) => status === 'rejected');
  expect(refused.length).toBeGreaterThan(4);
  expect(readdirSync(root)).toHaveLength(8 - refused.length);
});
