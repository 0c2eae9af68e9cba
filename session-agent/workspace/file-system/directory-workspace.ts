import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, lstat, open, rmdir, unlink } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import type { Ids } from '@steppe/contracts/ids';
import { AppError } from '@steppe/service-kit/http/app-error';
import type { Clock } from '@steppe/service-kit/process/clock';
import type {
  Check,
  FileVersion,
  ListedPage,
  ListOptions,
  RemoveOptions,
  Workspace,
  WriteOptions,
  WrittenFile,
} from '../workspace.ts';
import { toEntry, versionOf } from './describe-file.ts';
import { systemCode, toFileError } from './file-error.ts';
import { listEntries } from './list-entries.ts';
import { removeTree } from './remove-tree.ts';
import { replaceFile } from './replace-file.ts';
import { makeNewDirectory, type Place, type WalkOptions, walk } from './walk.ts';
import type { WorkspaceSpace } from './workspace-space.ts';

interface DirectoryWorkspaceParts {
  /** The real path of the directory. */
  root: string;
  clock: Clock;
  ids: Pick<Ids, 'uuid'>;
  /** Absent: uploads may fill the file system. */
  space?: WorkspaceSpace | undefined;
}

/** A workspace in a directory of the machine's file system. */
export class DirectoryWorkspace implements Workspace {
  readonly root: string;
  readonly #clock: Clock;
  readonly #ids: Pick<Ids, 'uuid'>;
  readonly #space: WorkspaceSpace | undefined;
  /** No other request may change an entry between the check of a condition and the change. */
  readonly #locks = new KeyedLock();

  constructor({ root, clock, ids, space }: DirectoryWorkspaceParts) {
    this.root = root;
    this.#clock = clock;
    this.#ids = ids;
    this.#space = space;
  }

  async list(segments: readonly string[], options: ListOptions): Promise<ListedPage> {
    return listEntries({ root: this.root, clock: this.#clock }, segments, options);
  }

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

  async writeFile(
    segments: readonly string[],
    content: Readable,
    options: WriteOptions,
  ): Promise<WrittenFile> {
    // Checked first, so that a failed condition creates no directories and reads no bytes.
    options.check?.(await this.#find(segments));
    await this.#space?.check(options.announcedBytes ?? 0);
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
          uploadId: this.#ids.uuid(),
          reserve: (bytes) => this.#space?.reserve(bytes) ?? Promise.resolve(),
          exclusively: (work) => this.#locks.run(key, work),
        });
      } catch (error) {
        throw systemCode(error) === 'ENOENT' ? directoryGone(segments) : error;
      }
    });
  }

  async makeDirectory(segments: readonly string[], check?: Check) {
    check?.(await this.#find(segments));
    return this.#at(segments, { createDirectories: true }, async (place) => {
      const { entryPath } = place;
      const created = await makeNewDirectory(entryPath);
      const stats = await lstat(entryPath, { bigint: true });
      if (!stats.isDirectory()) throw notADirectory(segments);
      if (!created) check?.(versionOf(stats));
      return { created, entry: toEntry(place.segments, stats) };
    });
  }

  async remove(
    segments: readonly string[],
    { check, recursive = false }: RemoveOptions = {},
  ): Promise<void> {
    await this.#at(segments, { keepLastLink: true }, async (place) => {
      const { entryPath } = place;
      await this.#locks.run(await keyOf(place), async () => {
        const stats = await lstat(entryPath);
        check?.(await this.#find(segments));
        if (!stats.isDirectory()) await unlink(entryPath);
        else if (!recursive) await rmdir(entryPath);
        else await removeTree(entryPath, { clock: this.#clock, ids: this.#ids });
      });
    });
  }

  /**
   * The file as a reader sees it now; undefined if there is none.
   * @throws AppError if the path cannot name a file
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

  /** Runs `work` at the end of the walk, then closes the directory that the walk opened. */
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

/** The same key for all paths to an entry, whichever links they use. */
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
    `${JSON.stringify(segments.join('/'))} is ${what}; a regular file is required`,
  );
};

const notADirectory = (segments: readonly string[]): AppError =>
  new AppError(
    'file_conflict',
    `${JSON.stringify(segments.join('/'))} is not a directory; a directory is required`,
  );

const directoryGone = (segments: readonly string[]): AppError =>
  new AppError(
    'file_conflict',
    `the directory of ${JSON.stringify(segments.join('/'))} was removed during the request; send it again`,
    {
      retryable: true,
    },
  );

/** Runs work under the same key one at a time, in the order of the calls. */
export class KeyedLock {
  readonly #last = new Map<string, Promise<void>>();

  async run<T>(key: string, work: () => Promise<T>): Promise<T> {
    const mine = (this.#last.get(key) ?? Promise.resolve()).then(work);
    const settled = mine.then(
      () => {},
      () => {},
    );
    this.#last.set(key, settled);
    try {
      return await mine;
    } finally {
      if (this.#last.get(key) === settled) this.#last.delete(key);
    }
  }
}
