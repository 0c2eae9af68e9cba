import {
  type ErrorBody,
  type ErrorCode,
  type ErrorStatus,
  errorKinds,
} from '@steppe/contracts/errors';
import { errorMessages } from '@steppe/contracts/errors/error-messages';

interface AppErrorOptions {
  cause?: unknown;
  details?: Record<string, unknown>;
  /** Overrides the default of the code if the thrower knows better. */
  retryable?: boolean;
  /** Headers that belong to the response, such as `Retry-After` or `WWW-Authenticate`. */
  headers?: Record<string, string>;
}

/**
 * A failure that is reported to the caller: an error code of the API, and a message that says what
 * to do.
 */
export class AppError extends Error {
  readonly code: ErrorCode;
  readonly details: Record<string, unknown>;
  readonly retryable: boolean;
  readonly headers: Record<string, string>;

  constructor(code: ErrorCode, message: string, options: AppErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.name = 'AppError';
    this.code = code;
    this.details = options.details ?? {};
    this.retryable = options.retryable ?? errorKinds[code].retryable;
    this.headers = options.headers ?? {};
  }

  get status(): ErrorStatus {
    return errorKinds[this.code].status;
  }

  toBody(requestId: string): ErrorBody {
    const { code, message, retryable, details } = this;
    return { error: { code, message, retryable, request_id: requestId, details } };
  }
}

/**
 * The error that the caller sees for an unexpected failure; the log has the cause under the
 * request's id.
 */
export const internalError = (cause: unknown): AppError =>
  new AppError('internal', errorMessages.internal(), { cause });

/** The error that both planes return for a terminal session. */
export const sessionEnded = (
  sessionId: string,
  endReason: string,
  endDetail?: string | undefined,
): AppError =>
  new AppError('session_ended', errorMessages.session_ended(sessionId, endReason), {
    details: { end_reason: endReason, ...(endDetail && { end_detail: endDetail }) },
  });
