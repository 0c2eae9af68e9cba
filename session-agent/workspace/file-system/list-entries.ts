import type { BigIntStats } from 'node:fs';
import { type FileHandle, lstat, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileEntry } from '@steppe/contracts/file';
import { AppError } from '@steppe/service-kit/http/app-error';
import { maxPathBytes, uploadPrefix } from '../file-path.ts';
import { systemCode, toFileError } from './file-error.ts';
import { openDirectory, pathOf, walk } from './walk.ts';

export interface ListOptions {
  recursive: boolean;
  limit: number;
  /** The last entry of the page before; entries after it follow, whether or not it still exists. */
  after: readonly string[] | undefined;
  /** When a page has ended, however full it is; it has one entry at least. */
  maxMs?: number;
  /** How many directories below the one that is listed are entered. */
  maxDepth?: number;
}

const mostMs = 5_000;
/** Each is held open while what is below it is listed. */
const mostLevels = 100;

/**
 * Entries of a directory, sorted by name, each directory before what is in it. Links are listed,
 * never followed. A directory that cannot be read, by its permissions or its depth, is listed as
 * one that is empty; what no URL names, by a name that is no UTF-8 or a path that is too long, is
 * left out.
 * @returns at most `limit` entries and whether there are more.
 * @throws AppError
 */
export async function listEntries(root: string, segments: readonly string[], options: ListOptions) {
  const entries: FileEntry[] = [];
  const endsAt = performance.now() + (options.maxMs ?? mostMs);
  const isFull = () =>
    entries.length === options.limit || (entries.length > 0 && performance.now() > endsAt);
  try {
    // A last segment that is made up makes the walk end in the directory itself, links to it
    // followed.
    const { directory, segments: real } = await walk(root, [...segments, '.'], {
      keepLastLink: true,
    });
    try {
      const top = real.slice(0, -1);
      const path = pathOf(directory, join(root, ...top));
      for await (const entry of entriesOf(
        { path, segments: top, names: await namesIn(path) },
        options,
      )) {
        if (isFull()) return { entries, more: true };
        entries.push(entry);
      }
    } finally {
      await directory.close();
    }
  } catch (error) {
    throw systemCode(error) === 'ENOENT'
      ? notThere(segments)
      : toFileError(error, segments.join('/'));
  }
  return { entries, more: false };
}

interface HeldDirectory {
  /** By its descriptor, so that no part of the way can be swapped for a link. */
  path: string;
  segments: readonly string[];
  names: string[];
}

async function* entriesOf(
  { path, segments, names }: HeldDirectory,
  options: ListOptions,
  depth = 0,
): AsyncGenerator<FileEntry> {
  const { after, recursive, maxDepth = mostLevels } = options;
  for (const name of names) {
    const child = [...segments, name];
    const isAfter = !after || compare(child, after) > 0;
    if (!isAfter && !isBeginning(child, after)) continue;
    if (Buffer.byteLength(child.join('/')) > maxPathBytes) continue;
    const childPath = join(path, name);
    const stats = await lstat(childPath, { bigint: true }).catch(() => undefined);
    if (!stats) continue;
    if (isAfter) yield toEntry(child, stats);
    if (!recursive || !stats.isDirectory() || depth === maxDepth) continue;
    const directory = await openDirectory(childPath).catch(() => undefined);
    if (directory)
      yield* entriesIn(
        directory,
        { path: pathOf(directory, childPath), segments: child },
        options,
        depth + 1,
      );
  }
}

async function* entriesIn(
  directory: FileHandle,
  { path, segments }: Pick<HeldDirectory, 'path' | 'segments'>,
  options: ListOptions,
  depth: number,
): AsyncGenerator<FileEntry> {
  try {
    const names = await namesIn(path).catch(() => []);
    yield* entriesOf({ path, segments, names }, options, depth);
  } finally {
    await directory.close();
  }
}

const namesIn = async (path: string): Promise<string[]> =>
  (await readdir(path)).filter((name) => !name.startsWith(uploadPrefix)).sort(byCodeUnit);

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

/** Of exact times: others are rounded, and a file would seem to have changed by a millisecond. */
export const toEntry = (segments: readonly string[], stats: BigIntStats): FileEntry => ({
  name: segments.at(-1) ?? '',
  path: segments.join('/'),
  type: stats.isFile()
    ? 'file'
    : stats.isDirectory()
      ? 'directory'
      : stats.isSymbolicLink()
        ? 'symlink'
        : 'other',
  size_bytes: Number(stats.size),
  modified_at: stats.mtime.toISOString(),
});

const notThere = (segments: readonly string[]): AppError =>
  new AppError(
    'file_not_found',
    `there is no directory ${JSON.stringify(segments.join('/'))} in the workspace`,
  );
