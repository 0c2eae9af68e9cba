import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readUntrustedFile } from './watch-memory.ts';

const folder = mkdtempSync('/tmp/steppe-untrusted-');
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

it('reads a regular file up to its limit, an empty one too', () => {
  for (const text of ['', 'größer']) {
    writeFileSync(at('regular'), text);
    expect(readUntrustedFile(at('regular'), 8)).toBe(text);
  }
});

it('neither blocks on nor reads anything but a regular file', () => {
  execFileSync('mkfifo', [at('fifo')]);
  mkdirSync(at('directory'));
  writeFileSync(at('huge'), '');
  truncateSync(at('huge'), 2 ** 40);
  symlinkSync('/etc/passwd', at('link'));
  for (const name of ['fifo', 'directory', 'huge', 'link', 'absent']) {
    expect(() => readUntrustedFile(at(name), 100_000)).toThrow();
  }
});
