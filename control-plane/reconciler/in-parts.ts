/** Some milliseconds of work on sessions or instances. */
const itemsPerPart = 500;

/**
 * Calls `work` for each item, and lets everything else that is pending run after each part of them:
 * a pass over many thousand sessions must not hold up a request.
 */
export async function inParts<T>(
  items: Iterable<T>,
  signal: AbortSignal,
  work: (item: T) => void,
): Promise<void> {
  let count = 0;
  for (const item of items) {
    work(item);
    count += 1;
    if (count % itemsPerPart > 0) continue;
    await new Promise<void>((resolve) => setImmediate(resolve));
    signal.throwIfAborted();
  }
}
