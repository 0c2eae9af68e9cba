import { readdir, rename, rmdir, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Ids } from '@steppe/contracts/ids';
import { AppError } from '@steppe/service-kit/http/app-error';
import type { Clock } from '@steppe/service-kit/process/clock';
import { uploadPrefix } from '../file-path.ts';
import { systemCode } from './file-error.ts';
import { openDirectory, pathOf } from './walk.ts';

interface RemovalParts {
  clock: Pick<Clock, 'monotonicMs'>;
  ids: Pick<Ids, 'uuid'>;
  maxMs?: number;
}

/** Less than the time in which the data-plane expects a response. */
const longestRemovalMs = 10_000;
/** Each of these directories is open while its content is removed. */
const mostOpenLevels = 64;

/**
 * Removes a directory with its content, also what user code adds meanwhile. Links are removed
 * themselves: each directory is opened through the one above it, without following links, so that
 * user code cannot lead the removal elsewhere by swapping a directory for a link.
 * @throws AppError `file_conflict` when the time is over, and system errors; a part is then left.
 */
export async function removeTree(path: string, { clock, ids, maxMs }: RemovalParts): Promise<void> {
  const endsAtMs = clock.monotonicMs() + (maxMs ?? longestRemovalMs);
  const top = await openDirectory(path);
  try {
    await removeDirectory(path, 1, {
      isOver: () => clock.monotonicMs() > endsAtMs,
      newPlace: () => join(pathOf(top, path), `${uploadPrefix}${ids.uuid()}`),
    });
  } finally {
    await top.close();
  }
}

interface Removal {
  isOver: () => boolean;
  /** A free name at the top of the tree, for a directory that is too deep to be reached. */
  newPlace: () => string;
}

async function removeDirectory(path: Buffer | string, level: number, removal: Removal) {
  do {
    const directory = await openDirectory(path);
    try {
      const held = pathOf(directory, path.toString());
      // Names that are not UTF-8 have to be removed too.
      const entries = await readdir(held, { withFileTypes: true, encoding: 'buffer' });
      for (const entry of entries) {
        if (removal.isOver()) throw notAllRemoved();
        const child = Buffer.concat([Buffer.from(`${held}/`), entry.name]);
        await unlessSwapped(
          !entry.isDirectory()
            ? unlink(child)
            : level === mostOpenLevels
              ? rename(child, removal.newPlace())
              : removeDirectory(child, level + 1, removal),
        );
      }
    } finally {
      await directory.close();
    }
  } while (!(await removeEmpty(path)));
}

/** @returns false for a directory that is not empty: something was added or moved into it. */
async function removeEmpty(path: Buffer | string): Promise<boolean> {
  try {
    await rmdir(path);
    return true;
  } catch (error) {
    const code = systemCode(error);
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
    return false;
  }
}

const swapped = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP']);

/** An entry that vanished, or became something else since it was read, is left to the next pass. */
const unlessSwapped = (removed: Promise<void>): Promise<void> =>
  removed.catch((error) => {
    if (!swapped.has(systemCode(error) ?? '')) throw error;
  });

const notAllRemoved = (): AppError =>
  new AppError(
    'file_conflict',
    'the directory holds more than could be removed in one request, or code writes into it; send it again',
    { retryable: true },
  );
