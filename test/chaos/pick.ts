/** One of them at random; undefined where there is none. */
export function pick<T>(list: Iterable<T>, random: () => number): T | undefined {
  const all = [...list];
  return all[Math.floor(random() * all.length)];
}
