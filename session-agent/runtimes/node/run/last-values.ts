/**
 * `_` and `_error`: the value of the last step that had one, and the last error, until user code
 * sets the name.
 */
export function defineLastValues(realm: object): LastValues {
  const last: Record<string, unknown> = {};
  for (const name of ['_', '_error']) {
    Object.defineProperty(realm, name, {
      get: () => last[name],
      set: (value: unknown) => {
        Object.defineProperty(realm, name, { value, writable: true, enumerable: true });
      },
      configurable: true,
      enumerable: false,
    });
  }
  return {
    keepValue: (value) => {
      last._ = value;
    },
    keepError: (error) => {
      last._error = error;
    },
  };
}

export type LastValues = { keepValue(value: unknown): void; keepError(error: unknown): void };
