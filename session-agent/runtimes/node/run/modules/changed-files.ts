import { statSync } from 'node:fs';

/**
 * Counts how often a file was found changed since the first call. Files of packages do not
 * count: they are not edited, and have many importers.
 */
export function createChangedFiles(): (path: string) => number {
  const known = new Map<string, { stamp: string; version: number }>();
  return (path) => {
    if (path.includes('/node_modules/')) return 0;
    const stamp = stampOf(path);
    const file = known.get(path);
    if (stamp === undefined) return file?.version ?? 0;
    if (file?.stamp === stamp) return file.version;
    const version = file ? file.version + 1 : 0;
    known.set(path, { stamp, version });
    return version;
  };
}

/** Its times count nanoseconds, so that a file can be written again within a second. */
function stampOf(path: string): string | undefined {
  const file = statSync(path, { bigint: true, throwIfNoEntry: false });
  return file && `${file.ino} ${file.size} ${file.mtimeNs} ${file.ctimeNs}`;
}
