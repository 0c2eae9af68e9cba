import { randomUUID } from 'node:crypto';
import { constants, type Stats } from 'node:fs';
import { type FileHandle, lstat, open, rename, rmdir, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { FileEntry } from '@steppe/contracts/file';
import { AppError } from '@steppe/service-kit/app-error';
import { toFileError } from './file-error.ts';
import { limitBytes } from './limit-bytes.ts';
import { toEntry, uploadPrefix } from './list-entries.ts';
import { walk } from './walk.ts';

/** The session's files. Every path is given as segments that `segmentsOf` has checked, and never leads out. */
export class Workspace {
  readonly root: string;

  /** @param root its real path. */
  constructor(root: string) {
    this.root = root;
  }

  /** Opens a regular file for reading; the caller closes it. @throws AppError */
  async openFile(segments: readonly string[]): Promise<{ file: FileHandle; stats: Stats }> {
    return this.#at(segments, {}, async ({ entryPath }) => {
      const file = await open(entryPath, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
      const stats = await file.stat();
      if (stats.isFile()) return { file, stats };
      await file.close();
      throw notAFile(stats, segments);
    });
  }

  /**
   * Writes a file whole: it takes its place when all of it is there, and a broken upload leaves what was before.
   * @throws AppError
   */
  async writeFile(
    segments: readonly string[],
    content: Readable,
    maxBytes: number,
  ): Promise<{ created: boolean; entry: FileEntry }> {
    return this.#at(segments, { createDirectories: true }, async ({ entryPath, segments: real }) => {
      const before = await lstat(entryPath).catch(() => undefined);
      if (before && !before.isFile()) throw notAFile(before, segments);
      const temporary = join(dirname(entryPath), `${uploadPrefix}${randomUUID()}`);
      const file = await open(temporary, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW, 0o666);
      try {
        await pipeline(content, limitBytes(maxBytes), file.createWriteStream());
        await rename(temporary, entryPath);
      } catch (error) {
        await unlink(temporary).catch(() => {});
        throw error;
      }
      return { created: before === undefined, entry: toEntry(real, await lstat(entryPath)) };
    });
  }

  /** Removes a file, a link, or an empty directory. @throws AppError */
  async remove(segments: readonly string[]): Promise<void> {
    await this.#at(segments, { keepLastLink: true }, async ({ entryPath }) => {
      const stats = await lstat(entryPath);
      await (stats.isDirectory() ? rmdir(entryPath) : unlink(entryPath));
    });
  }

  /** Runs `work` where the walk ends, and closes what the walk opened. */
  async #at<T>(
    segments: readonly string[],
    options: Parameters<typeof walk>[2],
    work: (place: Awaited<ReturnType<typeof walk>>) => Promise<T>,
  ) {
    try {
      const place = await walk(this.root, segments, options);
      try {
        return await work(place);
      } finally {
        await place.directory.close();
      }
    } catch (error) {
      throw toFileError(error, segments.join('/'));
    }
  }
}

const notAFile = (stats: Stats, segments: readonly string[]): AppError => {
  const what = stats.isDirectory() ? 'a directory' : 'not a regular file';
  return new AppError('file_conflict', `${JSON.stringify(segments.join('/'))} is ${what}, and a file is needed`);
};
