import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readlink } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path';
import { AppError } from '@steppe/service-kit/http/app-error';
import { changedMeanwhile, systemCode } from './file-error.ts';

/** An open directory, and an entry in it that is not a symbolic link. */
export interface Place {
  /** Leads through the open directory, so that user code cannot swap a part of it for a link. */
  entryPath: string;
  directory: FileHandle;
  /** The real path, relative to the workspace. */
  segments: string[];
}

export interface WalkOptions {
  createDirectories?: boolean;
  /** Does not follow a link in the last segment. */
  keepLastLink?: boolean;
}

const maxLinks = 40;

/**
 * Walks to `segments` one directory at a time and opens each through the previous one, without
 * following links. A link to a target inside the workspace is followed by a walk to that target.
 * @throws AppError `invalid_request` for a link that leads out of the workspace; the system's error
 * (ENOENT, ENOTDIR, …) otherwise.
 */
export async function walk(
  root: string,
  segments: readonly string[],
  options: WalkOptions = {},
  links = 0,
): Promise<Place> {
  if (links > maxLinks)
    throw new AppError('invalid_request', 'the file path contains too many symbolic links');
  let directory = await openRoot(root);
  try {
    for (const [at, segment] of segments.entries()) {
      const parent = segments.slice(0, at);
      const entryPath = join(pathOf(directory, join(root, ...parent)), segment);
      const isLast = at === segments.length - 1;
      const target =
        isLast && options.keepLastLink ? undefined : await linkTarget(entryPath, segments);
      if (target !== undefined) {
        await directory.close();
        const rest = segments.slice(at + 1);
        return await walk(
          root,
          [...resolveInside(root, parent, target), ...rest],
          options,
          links + 1,
        );
      }
      if (isLast) return { entryPath, directory, segments: [...segments] };
      if (options.createDirectories) await makeNewDirectory(entryPath);
      const next = await openDirectory(entryPath);
      await directory.close();
      directory = next;
    }
    return { entryPath: pathOf(directory, root), directory, segments: [] };
  } catch (error) {
    await directory.close().catch(() => {});
    throw error;
  }
}

/** @throws the system's error, ENOTDIR for a link too */
export const openDirectory = (path: Buffer | string): Promise<FileHandle> =>
  open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);

/** On Linux a path through the descriptor; elsewhere (local mode on macOS) the real path. */
export const pathOf = (directory: FileHandle, realPath: string): string =>
  process.platform === 'linux' ? `/proc/self/fd/${directory.fd}` : realPath;

/** Looks twice, because user code may replace a link between two system calls. */
async function linkTarget(path: string, segments: readonly string[]): Promise<string | undefined> {
  for (let looks = 0; looks < 2; looks += 1) {
    try {
      return (await lstat(path)).isSymbolicLink() ? await readlink(path) : undefined;
    } catch (error) {
      const code = systemCode(error);
      if (code === 'ENOENT') return undefined;
      if (code !== 'EINVAL') throw error;
    }
  }
  throw changedMeanwhile(segments.join('/'));
}

/** Makes the workspace again if user code has removed it as a whole. */
async function openRoot(root: string): Promise<FileHandle> {
  try {
    return await openDirectory(root);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error;
    await makeNewDirectory(root);
    return openDirectory(root);
  }
}

/** @returns false if there is an entry of that name, of whatever kind. */
export async function makeNewDirectory(path: string): Promise<boolean> {
  try {
    await mkdir(path);
    return true;
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    return false;
  }
}

function resolveInside(root: string, parent: readonly string[], target: string): string[] {
  const absolute = isAbsolute(target) ? normalize(target) : join(root, ...parent, target);
  if (absolute !== root && !absolute.startsWith(`${root}/`)) {
    throw new AppError(
      'invalid_request',
      'the file path contains a symbolic link that leads out of the workspace',
    );
  }
  return absolute.slice(root.length).split('/').filter(Boolean);
}
