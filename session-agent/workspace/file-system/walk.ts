import { constants } from 'node:fs';
import { type FileHandle, lstat, mkdir, open, readlink } from 'node:fs/promises';
import { isAbsolute, join, normalize } from 'node:path';
import { AppError } from '@steppe/service-kit/http/app-error';
import { changedMeanwhile, systemCode } from './file-error.ts';

/**
 * A directory that is held open, and the last segment of a path in it, which is not a symbolic
 * link.
 */
export interface Place {
  /**
   * Reaches the entry through the held directory: nobody can swap a part of the way for a link any
   * more.
   */
  entryPath: string;
  directory: FileHandle;
  /** Where it really is, relative to the workspace. */
  segments: string[];
}

export interface WalkOptions {
  createDirectories?: boolean;
  /** The last segment itself is wanted, not where it leads. */
  keepLastLink?: boolean;
}

const mostLinks = 40;

/**
 * Walks to `segments` one directory at a time, each opened without following links in the one
 * before. A link whose target lies inside the workspace is followed by walking to the target in the
 * same way.
 * @throws AppError `invalid_request` for a link that leads out; the system's error (ENOENT,
 * ENOTDIR, …) otherwise.
 */
export async function walk(
  root: string,
  segments: readonly string[],
  options: WalkOptions = {},
  links = 0,
): Promise<Place> {
  if (links > mostLinks)
    throw new AppError('invalid_request', 'the file path goes through too many symbolic links');
  let directory = await openDirectory(root);
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
      if (options.createDirectories) await makeDirectory(entryPath);
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
export const openDirectory = (path: string): Promise<FileHandle> =>
  open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);

/**
 * Linux reaches an open directory by its descriptor; elsewhere (local mode on macOS) the path has
 * to do.
 */
export const pathOf = (directory: FileHandle, realPath: string): string =>
  process.platform === 'linux' ? `/proc/self/fd/${directory.fd}` : realPath;

/**
 * Code of the session may replace a link between two calls: what stands in its place is looked at
 * once more.
 */
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

async function makeDirectory(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}

function resolveInside(root: string, parent: readonly string[], target: string): string[] {
  const absolute = isAbsolute(target) ? normalize(target) : join(root, ...parent, target);
  if (absolute !== root && !absolute.startsWith(`${root}/`)) {
    throw new AppError(
      'invalid_request',
      'the file path goes through a symbolic link that leads out of the workspace',
    );
  }
  return absolute.slice(root.length).split('/').filter(Boolean);
}
