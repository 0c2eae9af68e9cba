import type { BigIntStats } from 'node:fs';
import type { FileEntry } from '@steppe/contracts/file';
import type { FileVersion } from '../workspace.ts';

/** The inode's change time is safer than the modification time, which code can set back. */
export const versionOf = ({ ino, ctimeNs, size, mtime }: BigIntStats): FileVersion => ({
  etag: `"${[ino, ctimeNs, size].map((part) => part.toString(36)).join('-')}"`,
  modifiedAt: mtime,
  sizeBytes: Number(size),
});

/**
 * @param stats with exact times: rounded ones would differ from the file's time by a millisecond.
 */
export const toEntry = (
  segments: readonly string[],
  stats: BigIntStats,
  target?: string,
): FileEntry => ({
  name: segments.at(-1) ?? '',
  path: segments.join('/'),
  type: typeOf(stats),
  size_bytes: Number(stats.size),
  modified_at: stats.mtime.toISOString(),
  mode: (Number(stats.mode) & 0o7777).toString(8).padStart(4, '0'),
  ...(target !== undefined && { target }),
});

function typeOf(stats: BigIntStats): FileEntry['type'] {
  if (stats.isFile()) return 'file';
  if (stats.isDirectory()) return 'directory';
  return stats.isSymbolicLink() ? 'symlink' : 'other';
}
