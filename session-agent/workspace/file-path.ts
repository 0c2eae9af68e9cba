import { AppError } from '@steppe/service-kit/http/app-error';

/** Names of incomplete uploads begin with it. They are not files of the session. */
export const uploadPrefix = '.steppe-upload-';

/** The system's own limits (NAME_MAX, and PATH_MAX without its NUL). */
const maxSegmentBytes = 255;
export const maxPathBytes = 4095;

/**
 * The segments of a file path in a URL, decoded exactly once.
 * @throws AppError `invalid_request` for a bad escape, NUL, excessive length, and empty, `.` or
 * `..` segments.
 */
export const segmentsOfUrl = (encoded: string): string[] => segmentsOf(decode(encoded));

/**
 * As `segmentsOfUrl`, for a path that may end in a slash, as that of a directory does.
 * @throws AppError `invalid_request`
 */
export function entryOfUrl(encoded: string): { segments: string[]; isDirectory: boolean } {
  const path = decode(encoded);
  const isDirectory = path.length > 1 && path.endsWith('/');
  return { segments: segmentsOf(isDirectory ? path.slice(0, -1) : path), isDirectory };
}

function decode(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch (cause) {
    throw new AppError('invalid_request', 'the file path has a bad % escape, or is not UTF-8', {
      cause,
    });
  }
}

/**
 * The segments of a path that is not encoded; the empty path is the workspace itself.
 * @throws AppError `invalid_request`
 */
export function segmentsOf(path: string): string[] {
  if (path === '') return [];
  if (path.includes('\0')) throw new AppError('invalid_request', 'a file path may not contain NUL');
  if (Buffer.byteLength(path) > maxPathBytes) {
    throw new AppError('invalid_request', `the file path is longer than ${maxPathBytes} bytes`);
  }
  const segments = path.split('/');
  for (const segment of segments) refuseSegment(segment);
  return segments;
}

function refuseSegment(segment: string): void {
  if (segment === '' || segment === '.' || segment === '..') {
    throw new AppError(
      'invalid_request',
      'a file path is relative to the workspace and has no empty, "." or ".." segments: send files/dir/name',
    );
  }
  if (Buffer.byteLength(segment) > maxSegmentBytes) {
    throw new AppError(
      'invalid_request',
      `a segment of the file path is longer than ${maxSegmentBytes} bytes`,
    );
  }
  if (segment.startsWith(uploadPrefix)) {
    throw new AppError(
      'invalid_request',
      `names that begin with ${uploadPrefix} are reserved for incomplete uploads`,
    );
  }
}
