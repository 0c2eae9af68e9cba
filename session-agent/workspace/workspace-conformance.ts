import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { AppError } from '@steppe/service-kit/http/app-error';
import { expect, test } from 'vitest';
import { readPages } from '../testing/read-pages.ts';
import type { Check, ListOptions, Workspace } from './workspace.ts';

/** An empty workspace for one test. */
export interface WorkspaceUnderTest {
  workspace: Workspace;
  /** Resolves with `work`, which awaits the workspace. */
  drive<T>(work: Promise<T>): Promise<T>;
}

const maxBytes = 1_000;
const code = (expected: string) => expect.objectContaining({ code: expected });

/** What every adapter of the workspace guarantees. */
export function describeWorkspace(open: () => WorkspaceUnderTest): void {
  const guarantee = (name: string, use: (workspace: Workspace, calls: Calls) => Promise<void>) =>
    test(name, async () => {
      const { workspace, drive } = open();
      await drive(use(workspace, callsOf(workspace)));
    });

  describeFiles(guarantee);
  describeConditions(guarantee);
  describeDirectories(guarantee);
}

type Guarantee = (name: string, use: (workspace: Workspace, calls: Calls) => Promise<void>) => void;

function describeFiles(guarantee: Guarantee): void {
  guarantee('reads and replaces a file', async (_, { read, write }) => {
    expect(await write('one', 'new', 'dirs', 'made')).toMatchObject({
      created: true,
      entry: { name: 'made', path: 'new/dirs/made', type: 'file', size_bytes: 3, mode: '0644' },
      version: { sizeBytes: 3 },
    });
    expect(await write('three', 'new', 'dirs', 'made')).toMatchObject({ created: false });
    expect(await read('new', 'dirs', 'made')).toBe('three');
  });

  guarantee('reads a part of a file, and the version that was opened', async (workspace, calls) => {
    const { version: written } = await calls.write('0123456789', 'file');
    const { file, version } = await workspace.openFile(['file']);
    expect(version).toEqual(written);
    await calls.write('replaced', 'file');
    const part = { start: 2, end: 5, highWaterMark: 3, autoClose: false } as const;
    const stream = file.createReadStream(part);
    expect([await text(stream), stream.bytesRead]).toEqual(['2345', 4]);
    await file.close();
  });

  guarantee('each write of a file is a version of its own', async (_, { write }) => {
    const tags = new Set<string>();
    for (const content of ['a', 'b', 'b']) tags.add((await write(content, 'file')).version.etag);
    expect(tags.size).toBe(3);
    for (const etag of tags) expect(etag).toMatch(/^"[^"]+"$/);
  });

  guarantee('reports which kind of entry is in the way', async (workspace, { read, write }) => {
    await write('x', 'dir', 'leaf');
    await write('x', 'file');
    await expect(read('absent')).rejects.toEqual(code('file_not_found'));
    await expect(read('absent', 'x')).rejects.toEqual(code('file_not_found'));
    await expect(read('dir')).rejects.toEqual(code('file_conflict'));
    await expect(write('x', 'dir')).rejects.toEqual(code('file_conflict'));
    await expect(read('file', 'x')).rejects.toEqual(code('file_conflict'));
    await expect(write('x', 'file', 'x')).rejects.toEqual(code('file_conflict'));
    for (const path of [['file'], ['file', 'x']])
      await expect(workspace.makeDirectory(path)).rejects.toEqual(code('file_conflict'));
  });

  guarantee(
    'leaves only the old file when an upload breaks or is too large',
    async (workspace, calls) => {
      await calls.write('old', 'kept');
      const broken = Readable.from(
        (async function* () {
          yield Buffer.from('half');
          throw new Error('cut');
        })(),
      );
      await expect(workspace.writeFile(['kept'], broken, { maxBytes })).rejects.toEqual(
        code('invalid_request'),
      );
      await expect(calls.write('x'.repeat(maxBytes + 1), 'kept')).rejects.toEqual(
        code('payload_too_large'),
      );
      expect(await calls.read('kept')).toBe('old');
      expect(await calls.paths()).toEqual(['kept']);
    },
  );

  guarantee(
    'accepts a file of the maximum size, and leaves the stream of a larger one open',
    async (workspace) => {
      const largest = Readable.from([Buffer.alloc(600), Buffer.alloc(400)]);
      expect(await workspace.writeFile(['largest'], largest, { maxBytes })).toMatchObject({
        entry: { size_bytes: 1000 },
      });
      const larger = Readable.from([Buffer.alloc(600), Buffer.alloc(401), Buffer.alloc(1)]);
      await expect(workspace.writeFile(['largest'], larger, { maxBytes })).rejects.toEqual(
        code('payload_too_large'),
      );
      expect(larger.destroyed).toBe(false);
    },
  );
}

function describeConditions(guarantee: Guarantee): void {
  const onlyIfAbsent: Check = (current) => {
    if (current) throw new AppError('precondition_failed', 'there is one');
  };

  guarantee('lets exactly one of many concurrent requests create a new file', async (workspace) => {
    const uploads = Array.from({ length: 8 }, (_, at) =>
      workspace.writeFile(['first'], Readable.from([Buffer.from(String(at))]), {
        ...{ maxBytes, check: onlyIfAbsent, onlyNew: true },
      }),
    );
    expect(await countFulfilled(uploads)).toBe(1);
  });

  guarantee(
    'lets exactly one of many concurrent requests replace a version',
    async (workspace, { write }) => {
      const { version } = await write('old', 'file');
      const check: Check = (current) => {
        if (current?.etag !== version.etag) throw new AppError('precondition_failed', 'changed');
      };
      const uploads = Array.from({ length: 8 }, (_, at) =>
        workspace.writeFile(['file'], Readable.from([Buffer.from(String(at))]), {
          maxBytes,
          check,
        }),
      );
      expect(await countFulfilled(uploads)).toBe(1);
    },
  );

  guarantee(
    'a condition that fails reads nothing and creates no directory',
    async (workspace, { paths }) => {
      const content = Readable.from([Buffer.from('x')]);
      const check = () => {
        throw new AppError('precondition_failed', 'never');
      };
      await expect(
        workspace.writeFile(['dir', 'file'], content, { maxBytes, check }),
      ).rejects.toEqual(code('precondition_failed'));
      expect([content.readableDidRead, await paths()]).toEqual([false, []]);
    },
  );

  guarantee(
    'does not remove a file that a condition protects',
    async (workspace, { write, read }) => {
      await write('x', 'protected');
      await expect(workspace.remove(['protected'], { check: onlyIfAbsent })).rejects.toEqual(
        code('precondition_failed'),
      );
      expect(await read('protected')).toBe('x');
    },
  );

  guarantee('makes a directory only if there is none, on request', async (workspace) => {
    const made = Array.from({ length: 8 }, () =>
      workspace.makeDirectory(['only', 'one'], onlyIfAbsent),
    );
    expect(await countFulfilled(made)).toBe(1);
  });
}

function describeDirectories(guarantee: Guarantee): void {
  guarantee(
    'removes files, empty directories, and others on request',
    async (workspace, { write, paths }) => {
      await write('x', 'gone', 'file');
      await expect(workspace.remove(['gone'])).rejects.toEqual(code('file_conflict'));
      await workspace.remove(['gone', 'file']);
      await workspace.remove(['gone']);
      await expect(workspace.remove(['gone'])).rejects.toEqual(code('file_not_found'));
      await write('x', 'tree', 'a', 'b');
      await workspace.remove(['tree'], { recursive: true });
      expect(await paths()).toEqual([]);
    },
  );

  guarantee('makes a directory and those above it, once', async (workspace, { write, read }) => {
    const made = { name: 'made', path: 'new-dir/made', type: 'directory', mode: '0755' };
    expect(await workspace.makeDirectory(['new-dir', 'made'])).toMatchObject({
      created: true,
      entry: made,
    });
    await write('x', 'new-dir', 'made', 'file');
    expect(await workspace.makeDirectory(['new-dir', 'made'])).toMatchObject({ created: false });
    expect(await read('new-dir', 'made', 'file')).toBe('x');
  });

  guarantee(
    'describes a file the same when it is written and when it is listed',
    async (workspace, { write }) => {
      const written = [];
      for (let at = 10; at < 40; at += 1) written.push((await write('x', 'same', `${at}`)).entry);
      const { entries } = await workspace.list(['same'], {
        depth: 1,
        limit: 100,
        after: undefined,
      });
      expect(entries).toEqual(written);
    },
  );

  guarantee('lists in order across pages, with each entry once', async (_, { write, pages }) => {
    for (const path of [['b'], ['a', 'x'], ['a.txt']]) await write('x', ...path);
    const whole = ['a', 'a/x', 'a.txt', 'b'];
    expect(await pages({ limit: 1 })).toEqual(whole.map((path) => [path]));
    expect(await pages({ limit: 3 })).toEqual([whole.slice(0, 3), whole.slice(3)]);
    expect(await pages({ limit: 4 })).toEqual([whole]);
  });

  guarantee(
    'lists a tree down to a depth, from any directory',
    async (workspace, { write, pages, paths }) => {
      await write('x', '1', '2', '3', '4');
      expect(await pages({ depth: 3 })).toEqual([['1', '1/2', '1/2/3']]);
      expect(await paths('1', '2')).toEqual(['1/2/3', '1/2/3/4']);
      const one = { depth: 1, limit: 10, after: undefined };
      await expect(workspace.list(['absent'], one)).rejects.toEqual(code('file_not_found'));
      await expect(workspace.list(['1', '2', '3', '4'], one)).rejects.toEqual(
        code('file_conflict'),
      );
    },
  );
}

type Calls = ReturnType<typeof callsOf>;

function callsOf(workspace: Workspace) {
  const list = async (segments: readonly string[], options: Partial<ListOptions>) =>
    workspace.list(segments, { depth: 100, limit: 10_000, after: undefined, ...options });
  return {
    write: (content: string, ...segments: string[]) =>
      workspace.writeFile(segments, Readable.from([Buffer.from(content)]), { maxBytes }),
    async read(...segments: string[]): Promise<string> {
      const { file, version } = await workspace.openFile(segments);
      try {
        const end = version.sizeBytes - 1;
        const part = { start: 0, end, highWaterMark: 1_000, autoClose: false } as const;
        return await text(file.createReadStream(part));
      } finally {
        await file.close();
      }
    },
    paths: async (...segments: string[]) =>
      (await list(segments, {})).entries.map(({ path }) => path),
    pages: (options: Partial<ListOptions>) => readPages((after) => list([], { ...options, after })),
  };
}

const countFulfilled = async (work: Promise<unknown>[]): Promise<number> =>
  (await Promise.allSettled(work)).filter(({ status }) => status === 'fulfilled').length;
