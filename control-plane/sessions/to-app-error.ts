import type { ErrorCode } from '@steppe/contracts/errors';
import { RouteStoreThrottled, RouteStoreUnavailable } from '@steppe/route-store/errors';
import { AppError } from '@steppe/service-kit/app-error';
import { CreateGivenUp } from './create-failure.ts';

/** What the caller is told of a failure that the store or a shutdown made. */
export function toAppError(error: unknown): unknown {
  if (error instanceof RouteStoreUnavailable || error instanceof RouteStoreThrottled) {
    return new AppError('route_store_unavailable', 'the store of sessions does not answer; try again', {
      cause: error,
      headers: { 'Retry-After': '1' },
    });
  }
  if (error instanceof CreateGivenUp) {
    return new AppError('runtime_unreachable', error.message, { cause: error, retryable: true, headers: { 'Retry-After': '1' } });
  }
  return error;
}

/** The code that the caller is told. */
export function errorCodeOf(error: unknown): ErrorCode {
  const told = toAppError(error);
  return told instanceof AppError ? told.code : 'internal';
}
