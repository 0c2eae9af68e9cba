import type { BigIntStats } from 'node:fs';

/** A file as it is at one moment. */
export interface FileVersion {
  /** Strong, quotes included: the same as long as not one byte is written. */
  etag: string;
  modifiedAt: Date;
  sizeBytes: number;
}

/**
 * The inode's own time of change tells more than the time of modification, which code can set back.
 */
export const versionOf = ({ ino, ctimeNs, size, mtime }: BigIntStats): FileVersion => ({
  etag: `"${[ino, ctimeNs, size].map((part) => part.toString(36)).join('-')}"`,
  modifiedAt: mtime,
  sizeBytes: Number(size),
});
