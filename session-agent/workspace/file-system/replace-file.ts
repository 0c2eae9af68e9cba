import { randomUUID } from 'node:crypto';
import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, link, lstat, open, rename, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import type { FileEntry } from '@steppe/contracts/file';
import { uploadPrefix } from '../file-path.ts';
import { type FileVersion, versionOf } from '../file-version.ts';
import { systemCode } from './file-error.ts';
import { toEntry } from './list-entries.ts';
import { uploadedBytes } from './uploaded-bytes.ts';
import type { Place } from './walk.ts';

/** Is shown the file as it is, undefined where there is none, and throws where it must stay so. */
export type Check = (current: FileVersion | undefined) => void;

export interface ReplaceOptions {
  maxBytes: number;
  onProgress?: () => void;
  check?: Check | undefined;
  /** There may be no file before: held even against code that makes one at the same moment. */
  onlyNew?: boolean | undefined;
}

export interface Replaced {
  created: boolean;
  entry: FileEntry;
  version: FileVersion;
}

interface Surroundings {
  /** The entry as it is. @throws where it is not a file */
  inspect: () => Promise<BigIntStats | undefined>;
  alone: <T>(work: () => Promise<T>) => Promise<T>;
}

/**
 * Takes `content` into a file of its own, and puts that in its place when it is whole. What was
 * there keeps its permissions. Nothing is synced to the disk: a workspace does not outlive its
 * machine.
 * @throws what `check` and the content throw, and the system's errors; the entry is then as before.
 */
export async function replaceFile(
  { entryPath, segments }: Place,
  content: Readable,
  { inspect, alone, check, onlyNew, ...limits }: ReplaceOptions & Surroundings,
): Promise<Replaced> {
  await inspect();
  const temporary = join(dirname(entryPath), `${uploadPrefix}${randomUUID()}`);
  const file = await open(
    temporary,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o666,
  );
  try {
    await writeFile(file, uploadedBytes(content, limits));
    return await alone(async () => {
      const before = await inspect();
      check?.(before && versionOf(before));
      if (before) await keepMode(file, before);
      if (onlyNew) await takeFreePlace(temporary, entryPath, check);
      else await rename(temporary, entryPath);
      // Through the file itself: by its name another may be found already.
      const stats = await file.stat({ bigint: true });
      return {
        created: before === undefined,
        entry: toEntry(segments, stats),
        version: versionOf(stats),
      };
    });
  } catch (error) {
    await unlink(temporary).catch(() => {});
    throw error;
  } finally {
    await file.close();
  }
}

const keepMode = (file: FileHandle, { mode }: BigIntStats): Promise<void> =>
  file.chmod(Number(mode) & 0o777);

/** A rename would replace what has come there since the check. */
async function takeFreePlace(from: string, to: string, check?: Check): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') check?.(versionOf(await lstat(to, { bigint: true })));
    throw error;
  }
  await unlink(from);
}
