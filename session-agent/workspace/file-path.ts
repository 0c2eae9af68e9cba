import { AppError } from '@steppe/service-kit/app-error';

/**
 * The segments of a file path as it stands in a URL, decoded exactly once.
 * @throws AppError `invalid_request` for a bad escape, NUL, and empty, `.` or `..` segments.
 */
export function segmentsOfUrl(encoded: string): string[] {
  let decoded: string;
  try {
    decoded = decodeURIComponent(encoded);
  } catch (cause) {
    throw new AppError('invalid_request', 'the file path has a bad % escape, or is not UTF-8', { cause });
  }
  return segmentsOf(decoded);
}

/** The same for a path that is not encoded; the empty path is the workspace itself. @throws AppError `invalid_request` */
export function segmentsOf(path: string): string[] {
  if (path === '') return [];
  if (path.includes('\0')) throw new AppError('invalid_request', 'a file path may not contain NUL');
  const segments = path.split('/');
  for (const segment of segments) {
    if (segment === '' || segment === '.' || segment === '..') {
      throw new AppError(
        'invalid_request',
        'a file path is relative to the workspace and has no empty, "." or ".." segments: send files/dir/name',
      );
    }
    if (Buffer.byteLength(segment) > 255)
      throw new AppError('invalid_request', 'a segment of the file path is longer than 255 bytes');
  }
  return segments;
}
