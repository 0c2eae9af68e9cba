interface StartFailedErrorOptions extends ErrorOptions {
  /**
   * False where every further start fails in the same way, until the operator has done something
   * about it.
   */
  retryable?: boolean;
}

/** No instance was created: it exited before it was ready, or there was no capacity. */
export class StartFailedError extends Error {
  override readonly name = 'StartFailedError';
  readonly reason: 'crashed' | 'quota';
  readonly retryable: boolean;

  /** @param detail is shown to the session's owner. */
  constructor(
    reason: 'crashed' | 'quota',
    detail: string,
    { retryable = true, ...options }: StartFailedErrorOptions = {},
  ) {
    super(detail, options);
    this.reason = reason;
    this.retryable = retryable;
  }
}
