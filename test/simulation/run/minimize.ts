/**
 * Removes items as long as the rest still fails: halves first, then ever smaller parts (delta
 * debugging). The result fails, and no single item can be removed from it.
 */
export async function minimize<T>(
  items: readonly T[],
  stillFails: (rest: readonly T[]) => Promise<boolean>,
): Promise<readonly T[]> {
  let left = items;
  if (left.length > 0 && (await stillFails([]))) return [];
  for (let size = Math.ceil(left.length / 2); size >= 1; ) {
    const shorter = await removePart(left, size, stillFails);
    if (shorter) left = shorter;
    else if (size === 1) break;
    else size = Math.ceil(size / 2);
    size = Math.min(size, Math.max(1, left.length - 1));
  }
  return left;
}

async function removePart<T>(
  items: readonly T[],
  size: number,
  stillFails: (rest: readonly T[]) => Promise<boolean>,
): Promise<readonly T[] | undefined> {
  for (let at = 0; at < items.length && size < items.length; at += size) {
    const rest = items.toSpliced(at, size);
    if (await stillFails(rest)) return rest;
  }
  return undefined;
}
