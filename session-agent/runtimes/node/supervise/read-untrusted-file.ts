import { closeSync, constants, fstatSync, openSync, readSync } from 'node:fs';

/**
 * Reads a file that user code can replace. It never blocks, as opening a FIFO would, and follows no
 * link.
 * @throws if it is not a regular file, or holds more than `maxBytes`; the system's error if it
 * cannot be read.
 */
export function readUntrustedFile(path: string, maxBytes: number): string {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile() || stats.size > maxBytes)
      throw new Error(`${path} is not a regular file of at most ${maxBytes} bytes`);
    const bytes = Buffer.alloc(stats.size);
    let size = 0;
    for (let read = -1; read !== 0; size += read) {
      read = readSync(fd, bytes, size, bytes.length - size, null);
    }
    return bytes.toString('utf8', 0, size);
  } finally {
    closeSync(fd);
  }
}
