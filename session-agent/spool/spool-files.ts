/** The agent's own files for the output of steps. */
export interface SpoolFiles {
  /**
   * Creates an empty file.
   * @throws Error if the place for it cannot be written.
   */
  create(name: string): SpoolFile;
  /** Removes all files. */
  clear(): void;
}

export interface SpoolFile {
  /**
   * Writes all of `bytes`, synchronously: a disk that is slower than the worker slows it down.
   * @throws Error if the disk is full or broken; some of the bytes may be written.
   */
  write(bytes: Buffer, at: number): void;
  /**
   * Fills `into`, or less of it at the end of the file, and returns that part. A read that began
   * before `remove` returns what was written.
   * @throws Error if the disk is broken.
   */
  read(at: number, into: Buffer): Promise<Buffer>;
  remove(): void;
}
