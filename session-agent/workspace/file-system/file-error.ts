import { errorMessages } from '@steppe/contracts/errors/error-messages';
import { AppError } from '@steppe/service-kit/http/app-error';
import * as z from 'zod';

const systemErrorSchema = z.object({ code: z.string() });

/** The code of a system error (`ENOENT`), or undefined for any other value. */
export const systemCode = (error: unknown): string | undefined =>
  systemErrorSchema.safeParse(error).data?.code;

/** Turns a system error at `path` into the client's error; returns any other error unchanged. */
export function toFileError(error: unknown, path: string): unknown {
  const named = JSON.stringify(path);
  switch (systemCode(error)) {
    case 'ENOENT':
      return new AppError('file_not_found', errorMessages.file_not_found(named));
    case 'ENOTDIR':
      return new AppError(
        'file_conflict',
        `a part of ${named} is a file; a directory is required there`,
      );
    case 'EISDIR':
      return new AppError('file_conflict', `${named} is a directory; a regular file is required`);
    case 'ENOTEMPTY':
    case 'EEXIST':
      return new AppError('file_conflict', errorMessages.file_conflict(named));
    case 'ENXIO':
      return new AppError('file_conflict', `${named} is not a regular file`);
    case 'ENAMETOOLONG':
      return new AppError('invalid_request', 'the file path is too long');
    case 'ELOOP':
      return changedMeanwhile(path);
    case 'EACCES':
    case 'EPERM':
      return new AppError('file_conflict', `the permissions of ${named} do not allow this`);
    case 'ENOSPC':
    case 'EDQUOT':
      return new AppError('no_space', errorMessages.no_space());
    case 'EFBIG':
      return new AppError(
        'no_space',
        `${named} is larger than the file system of the workspace allows`,
      );
    default:
      return error;
  }
}

/** Between two system calls a part of the path became a link, or stopped being one. */
export const changedMeanwhile = (path: string): AppError =>
  new AppError(
    'file_conflict',
    `a part of ${JSON.stringify(path)} changed during the request; send it again`,
    {
      retryable: true,
    },
  );
