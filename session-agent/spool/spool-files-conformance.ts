import { expect, test } from 'vitest';
import type { SpoolFiles } from './spool-files.ts';

/** The files of one test. */
export interface SpoolFilesUnderTest {
  files: SpoolFiles;
  /** Resolves with `work`, which awaits the files. */
  drive<T>(work: Promise<T>): Promise<T>;
}

/** What every adapter of the spool's files guarantees. */
export function describeSpoolFiles(open: () => SpoolFilesUnderTest): void {
  const text = (bytes: Buffer) => bytes.toString('latin1');
  const guarantee = (name: string, use: (files: SpoolFiles) => Promise<void>) =>
    test(name, () => {
      const { files, drive } = open();
      return drive(use(files));
    });

  guarantee('reads what was written, where it was written', async (files) => {
    const file = files.create('1.spool');
    file.write(Buffer.from('abcdef'), 0);
    file.write(Buffer.from('CD'), 2);
    expect(text(await file.read(1, Buffer.alloc(4)))).toBe('bCDe');
  });

  guarantee('reads only as far as the file goes', async (files) => {
    const file = files.create('1.spool');
    file.write(Buffer.from('abc'), 0);
    expect(text(await file.read(1, Buffer.alloc(100)))).toBe('bc');
    expect(text(await file.read(3, Buffer.alloc(100)))).toBe('');
  });

  guarantee('fills a place that was skipped with zeros', async (files) => {
    const file = files.create('1.spool');
    file.write(Buffer.from('b'), 2);
    expect(text(await file.read(0, Buffer.alloc(3)))).toBe('\0\0b');
  });

  guarantee('keeps none of the bytes that its caller changes later', async (files) => {
    const file = files.create('1.spool');
    const bytes = Buffer.from('abc');
    file.write(bytes, 0);
    bytes.fill('x');
    expect(text(await file.read(0, Buffer.alloc(3)))).toBe('abc');
  });

  guarantee('files share nothing, and a removed one returns empty', async (files) => {
    const [first, second] = [files.create('1.spool'), files.create('2.spool')];
    first.write(Buffer.from('first'), 0);
    second.write(Buffer.from('second'), 0);
    first.remove();
    expect(text(await second.read(0, Buffer.alloc(6)))).toBe('second');
    expect(text(await files.create('1.spool').read(0, Buffer.alloc(5)))).toBe('');
  });

  guarantee('a read that began before the removal returns what was written', async (files) => {
    const file = files.create('1.spool');
    file.write(Buffer.from('abc'), 0);
    const reading = file.read(0, Buffer.alloc(3));
    file.remove();
    file.remove();
    expect(text(await reading)).toBe('abc');
  });

  guarantee('creates files again once all were removed', async (files) => {
    files.create('1.spool').write(Buffer.from('abc'), 0);
    files.clear();
    const file = files.create('1.spool');
    file.write(Buffer.from('d'), 0);
    expect(text(await file.read(0, Buffer.alloc(3)))).toBe('d');
  });
}
