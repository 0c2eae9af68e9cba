import { type BigIntStats, constants } from 'node:fs';
import { type FileHandle, link, lstat, open, rename, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Readable } from 'node:stream';
import { uploadPrefix } from '../file-path.ts';
import type { Check, WriteOptions, WrittenFile } from '../workspace.ts';
import { toEntry, versionOf } from './describe-file.ts';
import { systemCode } from './file-error.ts';
import { type UploadLimits, uploadedBytes } from './uploaded-bytes.ts';
import type { Place } from './walk.ts';

interface Surroundings extends Pick<UploadLimits, 'reserve'> {
  /** Distinguishes uploads into one directory. */
  uploadId: string;
  /** The current entry. @throws AppError if it is not a file */
  inspect: () => Promise<BigIntStats | undefined>;
  exclusively: <T>(work: () => Promise<T>) => Promise<T>;
}

/**
 * Writes `content` to a temporary file and renames that when it is complete; the permissions stay.
 * Nothing is synced to the disk: a workspace does not outlive its machine.
 * @throws what `check` and the content throw, and system errors; the entry is then unchanged.
 */
export async function replaceFile(
  { entryPath, segments }: Place,
  content: Readable,
  { uploadId, inspect, exclusively, check, onlyNew, ...limits }: WriteOptions & Surroundings,
): Promise<WrittenFile> {
  await inspect();
  const temporary = join(dirname(entryPath), `${uploadPrefix}${uploadId}`);
  const file = await open(
    temporary,
    constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | constants.O_NOFOLLOW,
    0o666,
  );
  try {
    await writeFile(file, uploadedBytes(content, limits));
    return await exclusively(async () => {
      const before = await inspect();
      check?.(before && versionOf(before));
      if (before) await keepMode(file, before);
      if (onlyNew) await takeFreePlace(temporary, entryPath, check);
      else await rename(temporary, entryPath);
      // Through the descriptor: the name may already lead to another file.
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

/** A rename would replace a file that was created since the check. */
async function takeFreePlace(from: string, to: string, check?: Check): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') check?.(versionOf(await lstat(to, { bigint: true })));
    throw error;
  }
  await unlink(from);
}
