/** A random item; undefined if there is none. */
export function pick<T>(list: Iterable<T>, random: () => number): T | undefined {
  const all = [...list];
  return all[Math.floor(random() * all.length)];
}
