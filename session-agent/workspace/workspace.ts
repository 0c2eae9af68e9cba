import type { Readable } from 'node:stream';
import { errorMessages } from '@steppe/contracts/errors/error-messages';
import type { FileEntry } from '@steppe/contracts/file';
import { AppError } from '@steppe/service-kit/http/app-error';

/**
 * The session's files. Every path is given as segments that `segmentsOf` has checked, and none
 * leads out of the workspace. All methods throw AppErrors for failures that the client can act on.
 */
export interface Workspace {
  /** Opens a regular file for reading; the caller closes it. */
  openFile(segments: readonly string[]): Promise<{ file: ReadableFile; version: FileVersion }>;
  /**
   * Writes a whole file and creates its directories. The file takes its place when it is complete;
   * a broken upload leaves the previous one.
   */
  writeFile(
    segments: readonly string[],
    content: Readable,
    options: WriteOptions,
  ): Promise<WrittenFile>;
  /**
   * Creates a directory and those above it. One that is there already stays as it is.
   * @returns its entry, and whether it is new.
   */
  makeDirectory(segments: readonly string[], check?: Check): Promise<Omit<WrittenFile, 'version'>>;
  /** Removes a file, a link, or a directory: with its content, or only if it is empty. */
  remove(segments: readonly string[], options?: RemoveOptions): Promise<void>;
  /**
   * Lists a directory, sorted by name, each directory before its content. Links are listed, never
   * followed.
   * @returns at most `limit` entries and whether there are more.
   */
  list(segments: readonly string[], options: ListOptions): Promise<ListedPage>;
}

export interface ReadableFile {
  createReadStream(part: {
    start: number;
    end: number;
    highWaterMark: number;
    autoClose: false;
  }): Readable & { bytesRead: number };
  close(): Promise<void>;
}

/** A file as it is at one moment. */
export interface FileVersion {
  /** Strong, with its quotes: it stays the same until a byte is written. */
  etag: string;
  modifiedAt: Date;
  sizeBytes: number;
}

/** Gets the current file, or undefined if there is none, and throws to prevent the change. */
export type Check = (current: FileVersion | undefined) => void;

export interface WriteOptions {
  maxBytes: number;
  /** What the client says that it will send: refused before it is read if it cannot fit. */
  announcedBytes?: number;
  /** Called for every chunk that arrives. */
  onProgress?: () => void;
  check?: Check | undefined;
  /** The file must be new, even if user code creates one at the same moment. */
  onlyNew?: boolean | undefined;
}

export interface RemoveOptions {
  check?: Check | undefined;
  /** Also what is in a directory. Links are removed, never followed. */
  recursive?: boolean;
}

export interface WrittenFile {
  created: boolean;
  entry: FileEntry;
  version: FileVersion;
}

export interface ListOptions {
  /** How many levels of the tree are listed: 1 for the directory's own entries. */
  depth: number;
  limit: number;
  /** The last entry of the previous page, which may no longer exist: the page starts after it. */
  after: readonly string[] | undefined;
}

export interface ListedPage {
  entries: FileEntry[];
  more: boolean;
}

export const fileTooLarge = (maxBytes: number): AppError =>
  new AppError('payload_too_large', errorMessages.payload_too_large('the file', maxBytes), {
    details: { limit: 'file', max_bytes: maxBytes },
  });
