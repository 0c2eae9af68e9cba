import { Readable } from 'node:stream';
import type { FileEntry } from '@steppe/contracts/file';
import { AppError } from '@steppe/service-kit/http/app-error';
import { toFileError } from '../../../session-agent/workspace/file-system/file-error.ts';
import { uploadedBytes } from '../../../session-agent/workspace/file-system/uploaded-bytes.ts';
import type {
  FileVersion,
  ReadableFile,
  Workspace,
} from '../../../session-agent/workspace/workspace.ts';
import type { Kernel } from '../kernel/kernel.ts';
import type { RandomStream } from '../kernel/random-stream.ts';

/** A change that took effect. */
interface FileChange {
  path: string;
  /** Undefined for a file that was removed. */
  content: Buffer | undefined;
  etag: string;
}

interface WorkspaceModelOptions {
  random: RandomStream;
  onChange: (change: FileChange) => void;
}

/** A file, or a directory if it has no content. */
interface Entry {
  content?: Buffer;
  version: FileVersion;
}

/** A workspace in memory. Each call takes a moment, in which others can change the files. */
export function createWorkspaceModel(
  kernel: Kernel,
  { random, onChange }: WorkspaceModelOptions,
): Workspace {
  const entries = new Map<string, Entry>();
  let changes = 0;
  const pause = () => kernel.delay(random.between(0.02, 2), 'files');
  const put = (path: string, content: Buffer | undefined): Entry => {
    changes += 1;
    const sizeBytes = content?.length ?? 4096;
    const modifiedAt = new Date(Math.floor(kernel.nowMs));
    const entry = {
      ...(content && { content }),
      version: { etag: `"${changes.toString(36)}"`, modifiedAt, sizeBytes },
    };
    entries.set(path, entry);
    return entry;
  };
  /** @throws AppError if a directory above it is not there, or is a file */
  const find = (segments: readonly string[]): Entry | undefined => {
    for (let depth = 1; depth < segments.length; depth += 1) {
      const above = entries.get(segments.slice(0, depth).join('/'));
      if (!above) return undefined;
      if (above.content) throw fileError('ENOTDIR', segments);
    }
    return entries.get(segments.join('/'));
  };
  const versionOf = (segments: readonly string[]): FileVersion | undefined => {
    const entry = find(segments);
    return entry?.content && entry.version;
  };
  const makeParents = (segments: readonly string[]): Entry | undefined => {
    find(segments);
    for (let depth = 1; depth < segments.length; depth += 1) {
      const path = segments.slice(0, depth).join('/');
      if (!entries.has(path)) put(path, undefined);
    }
    return entries.get(parentOf(segments));
  };
  const requireFile = (segments: readonly string[]): Entry | undefined => {
    const entry = find(segments);
    if (entry && !entry.content) throw fileError('EISDIR', segments);
    return entry;
  };

  return {
    async openFile(segments) {
      await pause();
      const entry = requireFile(segments);
      if (!entry?.content) throw fileError('ENOENT', segments);
      return { file: readableFile(entry.content), version: entry.version };
    },
    async writeFile(segments, content, { check, onlyNew, ...limits }) {
      await pause();
      check?.(versionOf(segments));
      const parent = makeParents(segments);
      requireFile(segments);
      const bytes = await collect(uploadedBytes(content, limits));
      await pause();
      if (entries.get(parentOf(segments)) !== parent) throw directoryGone(segments);
      const before = requireFile(segments);
      check?.(before?.version);
      if (before && onlyNew) throw fileError('EEXIST', segments);
      const path = segments.join('/');
      const { version } = put(path, bytes);
      onChange({ path, content: bytes, etag: version.etag });
      return { created: !before, entry: toEntry(path, { content: bytes, version }), version };
    },
    async makeDirectory(segments, check) {
      await pause();
      check?.(versionOf(segments));
      makeParents(segments);
      const before = find(segments);
      if (before?.content) throw fileError('EEXIST', segments);
      if (before) check?.(before.version);
      const path = segments.join('/');
      return { created: !before, entry: toEntry(path, before ?? put(path, undefined)) };
    },
    async remove(segments, { check, recursive = false } = {}) {
      await pause();
      const entry = find(segments);
      if (!entry) throw fileError('ENOENT', segments);
      check?.(versionOf(segments));
      const path = segments.join('/');
      const below = [...entries.keys()].filter((other) => other.startsWith(`${path}/`));
      if (below.length > 0 && !recursive) throw fileError('ENOTEMPTY', segments);
      for (const gone of [path, ...below]) {
        const { content, version } = entries.get(gone) ?? entry;
        entries.delete(gone);
        if (content) onChange({ path: gone, content: undefined, etag: version.etag });
      }
    },
    async list(segments, { depth, limit, after }) {
      await pause();
      const top = find(segments);
      if (top?.content) throw fileError('ENOTDIR', segments);
      if (!top && segments.length > 0) throw fileError('ENOENT', segments);
      const found = [...entries]
        .map(([path, entry]) => ({ path: path.split('/'), entry }))
        .filter(({ path }) => isBelow(path, segments, depth))
        .sort((a, b) => compare(a.path, b.path))
        .filter(({ path }) => !after || compare(path, after) > 0);
      const page = found.slice(0, limit).map(({ path, entry }) => toEntry(path.join('/'), entry));
      return { entries: page, more: found.length > limit };
    },
  };
}

const fileError = (code: string, segments: readonly string[]): unknown =>
  toFileError({ code }, segments.join('/'));

const parentOf = (segments: readonly string[]): string => segments.slice(0, -1).join('/');

const directoryGone = (segments: readonly string[]): AppError =>
  new AppError('file_conflict', `the directory of ${segments.join('/')} was removed`, {
    retryable: true,
  });

async function collect(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const held: Buffer[] = [];
  for await (const chunk of chunks) held.push(chunk);
  return Buffer.concat(held);
}

const readableFile = (content: Buffer): ReadableFile => ({
  createReadStream({ start, end }) {
    const part = content.subarray(start, end + 1);
    return Object.assign(Readable.from([part], { objectMode: false }), { bytesRead: part.length });
  },
  close: async () => {},
});

const toEntry = (path: string, { content, version }: Entry): FileEntry => ({
  name: path.slice(path.lastIndexOf('/') + 1),
  path,
  type: content ? 'file' : 'directory',
  size_bytes: version.sizeBytes,
  modified_at: version.modifiedAt.toISOString(),
  mode: content ? '0644' : '0755',
});

const isBelow = (path: readonly string[], top: readonly string[], depth: number): boolean =>
  path.length > top.length &&
  path.length <= top.length + depth &&
  top.every((segment, at) => segment === path[at]);

/** Segment by segment, a directory before its content. */
function compare(a: readonly string[], b: readonly string[]): number {
  for (const [at, segment] of a.entries()) {
    const other = b[at];
    if (other === undefined) return 1;
    if (segment !== other) return segment < other ? -1 : 1;
  }
  return a.length - b.length;
}
