import type { Stats } from 'node:fs';
import { lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileEntry } from '@steppe/contracts/file';
import { AppError } from '@steppe/service-kit/app-error';
import { systemCode, toFileError } from './file-error.ts';
import { walk } from './walk.ts';

/** Uploads that are not whole yet; they are nobody's files. */
export const uploadPrefix = '.steppe-upload-';

interface ListOptions {
  recursive: boolean;
  limit: number;
  /** The last entry of the page before; entries after it follow, whether or not it still exists. */
  after: readonly string[] | undefined;
}

/**
 * Entries of a directory, sorted by name, each directory before what is in it. Links are listed, never followed.
 * @returns at most `limit` entries and whether there are more.
 * @throws AppError
 */
export async function listEntries(root: string, segments: readonly string[], options: ListOptions) {
  const entries: FileEntry[] = [];
  try {
    // A last segment that is made up makes the walk end in the directory itself, links to it followed.
    const place = await walk(root, [...segments, '.'], { keepLastLink: true });
    try {
      const top = place.segments.slice(0, -1);
      for await (const entry of entriesOf(place.entryPath, top, options)) {
        if (entries.length === options.limit) return { entries, more: true };
        entries.push(entry);
      }
    } finally {
      await place.directory.close();
    }
  } catch (error) {
    throw systemCode(error) === 'ENOENT' ? notThere(segments) : toFileError(error, segments.join('/'));
  }
  return { entries, more: false };
}

async function* entriesOf(directory: string, parent: readonly string[], options: ListOptions): AsyncGenerator<FileEntry> {
  const names = (await readdir(directory)).filter((name) => !name.startsWith(uploadPrefix)).sort(byCodeUnit);
  for (const name of names) {
    const segments = [...parent, name];
    const path = join(directory, name);
    const place = options.after ? compare(segments, options.after) : 1;
    const stats = await lstat(path).catch(() => undefined);
    if (!stats) continue;
    if (place > 0) yield toEntry(segments, stats);
    const mayHoldMore = place > 0 || isBeginning(segments, options.after ?? []);
    if (options.recursive && stats.isDirectory() && mayHoldMore) yield* entriesOf(path, segments, options);
  }
}

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The order of the listing: segment by segment, a directory before what is in it. */
function compare(a: readonly string[], b: readonly string[]): number {
  for (const [at, segment] of a.entries()) {
    const other = b[at];
    if (other === undefined) return 1;
    if (segment !== other) return byCodeUnit(segment, other);
  }
  return a.length - b.length;
}

const isBeginning = (segments: readonly string[], of: readonly string[]): boolean =>
  segments.every((segment, at) => segment === of[at]);

export const toEntry = (segments: readonly string[], stats: Stats): FileEntry => ({
  name: segments.at(-1) ?? '',
  path: segments.join('/'),
  type: stats.isFile() ? 'file' : stats.isDirectory() ? 'directory' : stats.isSymbolicLink() ? 'symlink' : 'other',
  size_bytes: stats.size,
  modified_at: stats.mtime.toISOString(),
});

const notThere = (segments: readonly string[]): AppError =>
  new AppError('file_not_found', `there is no directory ${JSON.stringify(segments.join('/'))} in the workspace`);
