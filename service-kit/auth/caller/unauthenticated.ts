import { AppError } from '../../http/app-error.ts';

/**
 * The error for a token that is present but invalid. The caller sees the reason, which quotes
 * nothing from the token.
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
 * Replaces characters that RFC 6750 forbids in an error_description; the name of a configured claim
 * may contain them.
 */
const quotable = (text: string): string => text.replace(/[^\x20\x21\x23-\x5b\x5d-\x7e]/g, '?');
