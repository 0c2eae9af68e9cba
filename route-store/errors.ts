/** The store does not answer, not in time, or refuses this process (credentials, table); the cause says which. */
export class RouteStoreUnavailable extends Error {
  override readonly name = 'RouteStoreUnavailable';
  readonly code = 'route_store_unavailable';
}

/** The store answers, and asks for fewer calls; its own retries are used up. */
export class RouteStoreThrottled extends Error {
  override readonly name = 'RouteStoreThrottled';
  readonly code = 'route_store_throttled';
}

/** Whether a write that threw this may have been carried out, or may still be: its effect is decided by another write alone. */
export const isAmbiguous = (error: unknown): boolean =>
  error instanceof RouteStoreUnavailable || error instanceof RouteStoreThrottled;

/** An item breaks its schema. The message names its key and never what is in it. */
export class RouteStoreCorrupt extends Error {
  override readonly name = 'RouteStoreCorrupt';
  readonly code = 'route_store_corrupt';
  readonly itemKey: string;

  constructor(itemKey: string, options?: ErrorOptions) {
    super(`the item ${itemKey} cannot be read`, options);
    this.itemKey = itemKey;
  }
}

/** A list cursor that is malformed, or was made for another tenant. */
export class CursorRefused extends Error {
  override readonly name = 'CursorRefused';
  readonly code = 'cursor_refused';

  constructor(options?: ErrorOptions) {
    super('the cursor is not one that this list gave out', options);
  }
}
