import { closeSync, mkdirSync, openSync, read, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { SpoolFile, SpoolFiles } from './spool-files.ts';

const readFile = promisify(read);

/** Spool files in a directory that only this process uses. It is created with the first file. */
export function createSpoolDirectory(directory: string): SpoolFiles {
  let hasDirectory = false;
  return {
    create(name) {
      if (!hasDirectory) mkdirSync(directory, { recursive: true, mode: 0o700 });
      hasDirectory = true;
      return createFile(join(directory, name));
    },
    clear() {
      hasDirectory = false;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

function createFile(path: string): SpoolFile {
  const fd = openSync(path, 'w+', 0o600);
  let reads = 0;
  let removed = false;
  let closed = false;
  /** A number that is closed too early could name another file to a read that has begun. */
  const closeUnlessRead = () => {
    if (!removed || reads > 0 || closed) return;
    closed = true;
    closeSync(fd);
  };
  return {
    write(bytes, at) {
      for (let done = 0; done < bytes.length; )
        done += writeSync(fd, bytes, done, bytes.length - done, at + done);
    },
    async read(at, into) {
      reads += 1;
      try {
        const { bytesRead } = await readFile(fd, into, 0, into.length, at);
        return into.subarray(0, bytesRead);
      } finally {
        reads -= 1;
        closeUnlessRead();
      }
    },
    remove() {
      removed = true;
      closeUnlessRead();
      rmSync(path, { force: true });
    },
  };
}
