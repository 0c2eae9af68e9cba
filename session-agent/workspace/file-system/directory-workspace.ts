import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, lstat, open, rmdir, unlink } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { AppError } from '@steppe/service-kit/http/app-error';
import { type FileVersion, versionOf } from '../file-version.ts';
import { systemCode, toFileError } from './file-error.ts';
import { KeyedLock } from './keyed-lock.ts';
import { type Check, type Replaced, type ReplaceOptions, replaceFile } from './replace-file.ts';
import { type Place, type WalkOptions, walk } from './walk.ts';

/**
 * The session's files. Every path is given as segments that `segmentsOf` has checked, and never
 * leads out.
 */
export class Workspace {
  readonly root: string;
  /** Between a check and what is done upon it nobody else may write the same entry through us. */
  readonly #locks = new KeyedLock();

  /** @param root its real path. */
  constructor(root: string) {
    this.root = root;
  }

  /** Opens a regular file for reading; the caller closes it. @throws AppError */
  async openFile(segments: readonly string[]): Promise<{ file: FileHandle; version: FileVersion }> {
    return this.#at(segments, {}, async ({ entryPath }) => {
      const file = await open(
        entryPath,
        constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW,
      );
      const stats = await file.stat({ bigint: true });
      if (stats.isFile()) return { file, version: versionOf(stats) };
      await file.close();
      throw notAFile(stats, segments);
    });
  }

  /**
   * Writes a file whole: it takes its place when all of it is there, and a broken upload leaves
   * what was before. Directories are made on the way.
   * @throws AppError
   */
  async writeFile(
    segments: readonly string[],
    content: Readable,
    options: ReplaceOptions,
  ): Promise<Replaced> {
    // What fails at once makes no directories, and takes not a byte.
    options.check?.(await this.#find(segments));
    return this.#at(segments, { createDirectories: true }, async (place) => {
      const inspect = async (): Promise<BigIntStats | undefined> => {
        const stats = await lstat(place.entryPath, { bigint: true }).catch(absent);
        if (stats && !stats.isFile()) throw notAFile(stats, segments);
        return stats;
      };
      const key = await keyOf(place);
      try {
        return await replaceFile(place, content, {
          ...options,
          inspect,
          alone: (work) => this.#locks.run(key, work),
        });
      } catch (error) {
        throw systemCode(error) === 'ENOENT' ? directoryGone(segments) : error;
      }
    });
  }

  /** Removes a file, a link, or an empty directory. @throws AppError */
  async remove(segments: readonly string[], check?: Check): Promise<void> {
    await this.#at(segments, { keepLastLink: true }, async (place) => {
      const { entryPath } = place;
      await this.#locks.run(await keyOf(place), async () => {
        const stats = await lstat(entryPath);
        check?.(await this.#find(segments));
        await (stats.isDirectory() ? rmdir(entryPath) : unlink(entryPath));
      });
    });
  }

  /**
   * The file as a reader would see it now; undefined where there is none.
   * @throws AppError where none could be
   */
  async #find(segments: readonly string[]): Promise<FileVersion | undefined> {
    return this.#at(segments, {}, async ({ entryPath }) => {
      const stats = await lstat(entryPath, { bigint: true });
      return stats.isFile() ? versionOf(stats) : undefined;
    }).catch((error) => {
      if (error instanceof AppError && error.code === 'file_not_found') return undefined;
      throw error;
    });
  }

  /** Runs `work` where the walk ends, and closes what the walk opened. */
  async #at<T>(
    segments: readonly string[],
    options: WalkOptions,
    work: (place: Place) => Promise<T>,
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

/** The same for all paths that lead to the entry, whatever links they go by. */
async function keyOf({ directory, segments }: Place): Promise<string> {
  const { dev, ino } = await directory.stat({ bigint: true });
  return `${dev}:${ino}/${segments.at(-1)}`;
}

function absent(error: unknown): undefined {
  if (systemCode(error) !== 'ENOENT') throw error;
}

const notAFile = (stats: BigIntStats, segments: readonly string[]): AppError => {
  const what = stats.isDirectory() ? 'a directory' : 'not a regular file';
  return new AppError(
    'file_conflict',
    `${JSON.stringify(segments.join('/'))} is ${what}, and a file is needed`,
  );
};

const directoryGone = (segments: readonly string[]): AppError =>
  new AppError(
    'file_conflict',
    `the directory of ${JSON.stringify(segments.join('/'))} was removed meanwhile; send it again`,
    {
      retryable: true,
    },
  );
