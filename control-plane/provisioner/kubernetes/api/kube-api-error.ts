/**
 * Why the API server did not execute a request.
 *
 * - `not_found`: the object, or its namespace, does not exist.
 * - `already_exists`: an object of that name exists.
 * - `conflict`: a precondition (`resourceVersion`, `uid`) does not hold.
 * - `forbidden`: the Role, an admission policy or Pod Security refuses the request.
 * - `quota_exceeded`: a ResourceQuota refuses the object.
 * - `invalid`: the object does not pass validation; it never will, unchanged.
 * - `too_many_requests`: throttled, and the retries are used up.
 * - `gone`: the resource version or the continue token is too old. A list starts again.
 * - `timeout`: no response within the time limit, neither ours nor the server's.
 * - `unavailable`: no connection, a broken one, a 5xx, or a response that is not Kubernetes'.
 */
export type KubeApiErrorKind =
  | 'not_found'
  | 'already_exists'
  | 'conflict'
  | 'forbidden'
  | 'quota_exceeded'
  | 'invalid'
  | 'too_many_requests'
  | 'gone'
  | 'timeout'
  | 'unavailable';

interface KubeApiErrorOptions extends ErrorOptions {
  status?: number | undefined;
  retryAfterMs?: number | undefined;
}

export class KubeApiError extends Error {
  override readonly name = 'KubeApiError';
  readonly kind: KubeApiErrorKind;
  /** The HTTP status; absent without a response. */
  readonly status: number | undefined;
  /** How long the server wants us to wait, with `too_many_requests` and `unavailable`. */
  readonly retryAfterMs: number | undefined;

  /** @param message is the API server's own, if it sent one. */
  constructor(kind: KubeApiErrorKind, message: string, options: KubeApiErrorOptions = {}) {
    super(message, options);
    this.kind = kind;
    this.status = options.status;
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** True if `error` is a KubeApiError of one of these kinds. */
export const isKubeApiError = (
  error: unknown,
  ...kinds: readonly KubeApiErrorKind[]
): error is KubeApiError =>
  error instanceof KubeApiError && (kinds.length === 0 || kinds.includes(error.kind));

/**
 * True if a write that threw this error may have been executed, or may still be. Only a later write
 * to the same name settles it: a read that does not see the object proves nothing.
 */
export const isAmbiguousWrite = (error: unknown): boolean =>
  isKubeApiError(error, 'timeout', 'unavailable');

/** Null instead of the error that an object does not exist. */
export async function nullIfNotFound<T>(result: Promise<T>): Promise<T | null> {
  try {
    return await result;
  } catch (error) {
    if (isKubeApiError(error, 'not_found')) return null;
    throw error;
  }
}
