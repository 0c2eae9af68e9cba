/**
 * Does `action` with a signal that is aborted with `signal`, or after `limitMs`. Not by
 * `AbortSignal.any` of a timeout, which Node 20 may collect before its time.
 */
export async function withTimeout<T>(
  signal: AbortSignal,
  limitMs: number,
  action: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  const limit = new AbortController();
  const onAbort = () => limit.abort(signal.reason);
  const timer = setTimeout(() => limit.abort(new Error(`not done within ${limitMs} ms`)), limitMs);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await action(limit.signal);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}
