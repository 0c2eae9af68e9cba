import { errorMessages } from '@steppe/contracts/errors/error-messages';
import { AppError } from '@steppe/service-kit/http/app-error';

/** Both ends are inclusive. */
export interface ByteRange {
  start: number;
  end: number;
}

const firstAndLast = /^bytes=[ \t]*(\d+)-(\d*)[ \t]*$/i;
const lastOnes = /^bytes=[ \t]*-(\d+)[ \t]*$/i;

/**
 * The part of a file or a stream that a `Range` header requests. Undefined if the response is the whole:
 * without the header and, as RFC 9110 (section 14.2) allows, for several ranges, other units and
 * invalid ranges.
 */
export function readRange(
  header: string | undefined,
  size: number,
): ByteRange | 'unsatisfiable' | undefined {
  if (header === undefined) return undefined;
  const [, suffix] = lastOnes.exec(header) ?? [];
  if (suffix !== undefined) {
    const length = Math.min(Number(suffix), size);
    return length === 0 ? 'unsatisfiable' : { start: size - length, end: size - 1 };
  }
  const [, first, last] = firstAndLast.exec(header) ?? [];
  if (first === undefined) return undefined;
  const start = Number(first);
  const end = last ? Number(last) : Number.POSITIVE_INFINITY;
  if (end < start) return undefined;
  return start >= size ? 'unsatisfiable' : { start, end: Math.min(end, size - 1) };
}

export const rangeNotSatisfiable = (sizeBytes: number): AppError =>
  new AppError('range_not_satisfiable', errorMessages.range_not_satisfiable(sizeBytes), {
    details: { size_bytes: sizeBytes },
    headers: { 'Content-Range': `bytes */${sizeBytes}` },
  });
