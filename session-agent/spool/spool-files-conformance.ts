import { expect, test } from 'vitest';
import type { SpoolFiles } from './spool-files.ts';

/** What every adapter of the spool's files guarantees. */
export function describeSpoolFiles(newFiles: () => SpoolFiles): void {
  const text = (bytes: Buffer) => bytes.toString('latin1');

  test('reads what was written, where it was written', async () => {
    const file = newFiles().create('1.spool');
    file.write(Buffer.from('abcdef'), 0);
    file.write(Buffer.from('CD'), 2);
    expect(text(await file.read(1, 4))).toBe('bCDe');
  });

  test('reads only as far as the file goes', async () => {
    const file = newFiles().create('1.spool');
    file.write(Buffer.from('abc'), 0);
    expect(text(await file.read(1, 100))).toBe('bc');
    expect(text(await file.read(3, 100))).toBe('');
  });

  test('fills a place that was skipped with zeros', async () => {
    const file = newFiles().create('1.spool');
    file.write(Buffer.from('b'), 2);
    expect(text(await file.read(0, 3))).toBe('\0\0b');
  });

  test('keeps none of the bytes that its caller changes later', async () => {
    const file = newFiles().create('1.spool');
    const bytes = Buffer.from('abc');
    file.write(bytes, 0);
    bytes.fill('x');
    expect(text(await file.read(0, 3))).toBe('abc');
  });

  test('files share nothing, and a removed one returns empty', async () => {
    const files = newFiles();
    const [first, second] = [files.create('1.spool'), files.create('2.spool')];
    first.write(Buffer.from('first'), 0);
    second.write(Buffer.from('second'), 0);
    first.remove();
    expect(text(await second.read(0, 6))).toBe('second');
    expect(text(await files.create('1.spool').read(0, 5))).toBe('');
  });

  test('a read that began before the removal returns what was written', async () => {
    const file = newFiles().create('1.spool');
    file.write(Buffer.from('abc'), 0);
    const reading = file.read(0, 3);
    file.remove();
    file.remove();
    expect(text(await reading)).toBe('abc');
  });

  test('creates files again once all were removed', async () => {
    const files = newFiles();
    files.create('1.spool').write(Buffer.from('abc'), 0);
    files.clear();
    const file = files.create('1.spool');
    file.write(Buffer.from('d'), 0);
    expect(text(await file.read(0, 3))).toBe('d');
  });
}
