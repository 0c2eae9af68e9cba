/**
 * The store does not respond, not in time, or refuses this process (credentials, table); the cause
 * says which.
 */
export class SessionStoreUnavailableError extends Error {
  override readonly name = 'SessionStoreUnavailableError';
  readonly code = 'route_store_unavailable';
}

/** The store throttles; its own retries are used up. */
export class SessionStoreThrottledError extends Error {
  override readonly name = 'SessionStoreThrottledError';
  readonly code = 'route_store_throttled';
}

/**
 * Whether a write that threw this may have been carried out, or may still be: its effect is decided
 * by another write alone.
 */
export const isAmbiguous = (error: unknown): boolean =>
  error instanceof SessionStoreUnavailableError || error instanceof SessionStoreThrottledError;

/** An item breaks its schema. The message names its key and never what is in it. */
export class SessionStoreCorruptError extends Error {
  override readonly name = 'SessionStoreCorruptError';
  readonly code = 'route_store_corrupt';
  readonly itemKey: string;

  constructor(itemKey: string, options?: ErrorOptions) {
    super(`the item ${itemKey} cannot be read`, options);
    this.itemKey = itemKey;
  }
}

/** A list cursor that is malformed, or was made for another tenant. */
export class CursorRejectedError extends Error {
  override readonly name = 'CursorRejectedError';
  readonly code = 'cursor_refused';

  constructor(options?: ErrorOptions) {
    super('the cursor is not one that this list gave out', options);
  }
}
