import type { ErrorCode } from '@steppe/contracts/errors';
import { AppError } from '@steppe/service-kit/http/app-error';
import {
  SessionStoreThrottledError,
  SessionStoreUnavailableError,
} from '@steppe/session-store/errors';
import { CreateAbortedError } from './create/create-failure.ts';

/** The error that the caller gets if the store or a shutdown caused the failure. */
export function toAppError(error: unknown): unknown {
  if (
    error instanceof SessionStoreUnavailableError ||
    error instanceof SessionStoreThrottledError
  ) {
    return new AppError(
      'route_store_unavailable',
      'the session store does not respond; try again',
      {
        cause: error,
        headers: { 'Retry-After': '1' },
      },
    );
  }
  if (error instanceof CreateAbortedError) {
    return new AppError('provisioning_failed', error.message, {
      cause: error,
      headers: { 'Retry-After': '1' },
    });
  }
  return error;
}

/** The error code that the caller gets. */
export function errorCodeOf(error: unknown): ErrorCode {
  const appError = toAppError(error);
  return appError instanceof AppError ? appError.code : 'internal';
}
