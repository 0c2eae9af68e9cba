import { AppError } from '../../http/app-error.ts';

/**
 * A token that is there and no good. The reason goes to the caller; it holds nothing of the
 * token's.
 */
export function unauthenticated(reason: string, cause?: unknown): AppError {
  return new AppError('unauthenticated', reason, {
    cause,
    headers: {
      'WWW-Authenticate': `Bearer error="invalid_token", error_description="${quotable(reason)}"`,
    },
  });
}

/**
 * Without what RFC 6750 allows in no error_description; the name of a configured claim may have
 * such.
 */
const quotable = (text: string): string => text.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '?');
