import { RouteStoreThrottled, RouteStoreUnavailable } from '@steppe/route-store/errors';
import { AppError } from '@steppe/service-kit/app-error';
import { CreateGivenUp } from '../sessions/create-failure.ts';

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
