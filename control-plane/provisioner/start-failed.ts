/** No instance came to be: it ended before it was ready, or the place to run it had no room. */
export class StartFailed extends Error {
  override readonly name = 'StartFailed';
  readonly reason: 'crashed' | 'quota';

  /** @param detail is shown to the session's owner. */
  constructor(reason: 'crashed' | 'quota', detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.reason = reason;
  }
}
