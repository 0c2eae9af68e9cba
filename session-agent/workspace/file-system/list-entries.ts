import type { BigIntStats } from 'node:fs';
import { type FileHandle, lstat, readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { FileEntry } from '@steppe/contracts/file';
import { AppError } from '@steppe/service-kit/http/app-error';
import type { Clock } from '@steppe/service-kit/process/clock';
import { maxPathBytes, uploadPrefix } from '../file-path.ts';
import type { ListedPage, ListOptions } from '../workspace.ts';
import { toEntry } from './describe-file.ts';
import { systemCode, toFileError } from './file-error.ts';
import { openDirectory, pathOf, walk } from './walk.ts';

export interface ListBounds extends ListOptions {
  /** A page ends after this time, with at least one entry. */
  maxMs?: number;
}

/** A page of a listing is returned after this time, with the entries found so far. */
export const longestListingMs = 5_000;

/**
 * Lists a directory as `Workspace.list` says. A directory that cannot be read, because of its
 * permissions or its depth, is listed as empty. Entries that no URL can name, because the name is
 * not UTF-8 or the path is too long, are left out.
 * @returns at most `limit` entries and whether there are more.
 * @throws AppError
 */
export async function listEntries(
  { root, clock }: { root: string; clock: Clock },
  segments: readonly string[],
  options: ListBounds,
): Promise<ListedPage> {
  const entries: FileEntry[] = [];
  const endsAt = clock.monotonicMs() + (options.maxMs ?? longestListingMs);
  const isFull = () =>
    entries.length === options.limit || (entries.length > 0 && clock.monotonicMs() > endsAt);
  try {
    // With a made-up last segment the walk ends in the directory itself, after following links.
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
  /** Through its descriptor, so that user code cannot swap a part of the path for a link. */
  path: string;
  segments: readonly string[];
  names: string[];
}

async function* entriesOf(
  { path, segments, names }: HeldDirectory,
  options: ListBounds,
  level = 1,
): AsyncGenerator<FileEntry> {
  const { after, depth } = options;
  for (const name of names) {
    const child = [...segments, name];
    const isAfter = !after || compare(child, after) > 0;
    if (!isAfter && !isBeginning(child, after)) continue;
    if (Buffer.byteLength(child.join('/')) > maxPathBytes) continue;
    const childPath = join(path, name);
    const stats = await lstat(childPath, { bigint: true }).catch(() => undefined);
    if (!stats) continue;
    if (isAfter) yield toEntry(child, stats, await targetOf(childPath, stats));
    if (!stats.isDirectory() || level === depth) continue;
    const directory = await openDirectory(childPath).catch(() => undefined);
    if (directory)
      yield* entriesIn(
        directory,
        { path: pathOf(directory, childPath), segments: child },
        options,
        level + 1,
      );
  }
}

async function* entriesIn(
  directory: FileHandle,
  { path, segments }: Pick<HeldDirectory, 'path' | 'segments'>,
  options: ListBounds,
  level: number,
): AsyncGenerator<FileEntry> {
  try {
    const names = await namesIn(path).catch(() => []);
    yield* entriesOf({ path, segments, names }, options, level);
  } finally {
    await directory.close();
  }
}

/** Undefined for what is no link, also for one that has become something else meanwhile. */
const targetOf = async (path: string, stats: BigIntStats): Promise<string | undefined> =>
  stats.isSymbolicLink() ? readlink(path).catch(() => undefined) : undefined;

const namesIn = async (path: string): Promise<string[]> =>
  (await readdir(path)).filter((name) => !name.startsWith(uploadPrefix)).sort(byCodeUnit);

const byCodeUnit = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The order of the listing: segment by segment, a directory before its content. */
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

const notThere = (segments: readonly string[]): AppError =>
  new AppError(
    'file_not_found',
    `there is no directory ${JSON.stringify(segments.join('/'))} in the workspace`,
  );
