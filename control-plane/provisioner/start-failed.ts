interface StartFailedOptions extends ErrorOptions {
  /** False where every further start fails in the same way, until the operator has done something about it. */
  retryable?: boolean;
}

/** No instance came to be: it ended before it was ready, or the place to run it had no room. */
export class StartFailed extends Error {
  override readonly name = 'StartFailed';
  readonly reason: 'crashed' | 'quota';
  readonly retryable: boolean;

  /** @param detail is shown to the session's owner. */
  constructor(reason: 'crashed' | 'quota', detail: string, { retryable = true, ...options }: StartFailedOptions = {}) {
    super(detail, options);
    this.reason = reason;
    this.retryable = retryable;
  }
}
