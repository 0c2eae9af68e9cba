/**
 * At most one call at a time. Callers that arrive while one is pending share the next one, so that
 * what each gets was read after it had called.
 */
export function shareNextCall<T>(call: () => Promise<T>): () => Promise<T> {
  let pending: Promise<unknown> | undefined;
  let next: Promise<T> | undefined;
  const start = () => {
    const started = call();
    pending = started
      .catch(() => undefined)
      .then(() => {
        pending = undefined;
      });
    return started;
  };
  return () => {
    if (next) return next;
    if (!pending) return start();
    next = pending.then(() => {
      next = undefined;
      return start();
    });
    return next;
  };
}
