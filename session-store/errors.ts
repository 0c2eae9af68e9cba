/**
 * The store does not respond, does not respond in time, or refuses this process (credentials,
 * table); the cause tells which.
 */
export class SessionStoreUnavailableError extends Error {
  override readonly name = 'SessionStoreUnavailableError';
  readonly code = 'route_store_unavailable';
}

/** The store throttles requests, and the retries are used up. */
export class SessionStoreThrottledError extends Error {
  override readonly name = 'SessionStoreThrottledError';
  readonly code = 'route_store_throttled';
}

/**
 * True if a write that threw this error may have been executed, or may still be: only another write
 * can settle its effect.
 */
export const isAmbiguous = (error: unknown): boolean =>
  error instanceof SessionStoreUnavailableError || error instanceof SessionStoreThrottledError;

/** An item does not match its schema. The message names its key and never its content. */
export class SessionStoreCorruptError extends Error {
  override readonly name = 'SessionStoreCorruptError';
  readonly code = 'route_store_corrupt';
  readonly itemKey: string;

  constructor(itemKey: string, options?: ErrorOptions) {
    super(`the item ${itemKey} cannot be read`, options);
    this.itemKey = itemKey;
  }
}

/** A list cursor that is malformed, or was created for another tenant. */
export class CursorRejectedError extends Error {
  override readonly name = 'CursorRejectedError';
  readonly code = 'cursor_refused';

  constructor(options?: ErrorOptions) {
    super('the cursor is not one that this list gave out', options);
  }
}
