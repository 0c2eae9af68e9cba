/**
 * The reason why an instance did not start: no node has room for it, its image cannot be loaded, it
 * exited before it was ready, a quota is used up, or the adapter could not create it.
 */
export type StartFailure =
  | 'unschedulable'
  | 'image_unavailable'
  | 'crashed'
  | 'quota'
  | 'start_failed';

interface StartFailedErrorOptions extends ErrorOptions {
  /** False if every further start fails in the same way until the operator has changed something. */
  retryable?: boolean;
}

/** No instance was created. */
export class StartFailedError extends Error {
  override readonly name = 'StartFailedError';
  readonly reason: StartFailure;
  readonly retryable: boolean;

  /** @param detail is shown to the session's owner. */
  constructor(
    reason: StartFailure,
    detail: string,
    { retryable = true, ...options }: StartFailedErrorOptions = {},
  ) {
    super(detail, options);
    this.reason = reason;
    this.retryable = retryable;
  }
}
