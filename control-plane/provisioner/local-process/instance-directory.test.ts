import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { newInstanceId } from '@steppe/contracts/testing/new-ids';
import {
  ownerFileName,
  removeUnusedInstances,
} from '@steppe/service-kit/process/instances-directory';
import { afterEach, beforeEach, describe, expect, it, test } from 'vitest';
import { openInstancesDirectory, removeTree } from './instance-directory.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync('/tmp/steppe-test-');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('the directory of all instances', () => {
  it('is created with access for its user only, and can be opened again', async () => {
    const path = join(directory, 'new');
    await openInstancesDirectory(path);
    await openInstancesDirectory(path);
    expect(execFileSync('ls', ['-ld', path], { encoding: 'utf8' })).toMatch(/^drwx------/);
  });

  it('is created with its parents, and rejected if the system allows no new entries', async () => {
    const path = join(directory, 'a', 'b');
    await Promise.all([openInstancesDirectory(path), openInstancesDirectory(path)]);
    expect(existsSync(path)).toBe(true);
    await expect(openInstancesDirectory('/proc/nowhere/at-all')).rejects.toThrow('ENOENT');
  });

  it('is rejected if it is a link or a file, or too long for a socket in it', async () => {
    const [link, file] = [join(directory, 'link'), join(directory, 'file')];
    symlinkSync(directory, link);
    writeFileSync(file, '');
    await expect(openInstancesDirectory(link)).rejects.toThrow('is not a directory of this user');
    await expect(openInstancesDirectory(file)).rejects.toThrow();
    await expect(openInstancesDirectory(`/tmp/${'x'.repeat(46)}`)).rejects.toThrow(
      'longer than 50 bytes',
    );
  });

  it('is rejected while another process owns it, and cleared after its owner crashed', async () => {
    mkdirSync(join(directory, newInstanceId()));
    writeFileSync(join(directory, ownerFileName), String(process.ppid));
    await expect(openInstancesDirectory(directory)).rejects.toThrow(
      `belongs to process ${process.ppid}; give each control-plane a directory of its own`,
    );
    expect(readdirSync(directory)).toHaveLength(2);
    const { pid } = execExited();
    writeFileSync(join(directory, ownerFileName), String(pid));
    await openInstancesDirectory(directory);
    expect(readdirSync(directory)).toEqual([ownerFileName]);
  });

  it('is removed, if empty, by its owner or after the owner died', async () => {
    await openInstancesDirectory(directory);
    const root = join(directory, newInstanceId());
    mkdirSync(root);
    removeUnusedInstances(directory);
    expect(existsSync(root)).toBe(true);
    rmSync(root, { recursive: true });
    writeFileSync(join(directory, ownerFileName), String(process.ppid));
    removeUnusedInstances(directory);
    expect(existsSync(directory)).toBe(true);
    writeFileSync(join(directory, ownerFileName), String(execExited().pid));
    removeUnusedInstances(directory);
    removeUnusedInstances(directory);
    expect(existsSync(directory)).toBe(false);
  });

  /** The id of a process that has exited. */
  function execExited() {
    return { pid: Number(execFileSync('sh', ['-c', 'echo $$'], { encoding: 'utf8' })) };
  }
});

test('removes a directory tree that is deeper than the longest path', async () => {
  const root = mkdtempSync(join(directory, 'deep-'));
  const dig = `import os, sys
os.chdir(sys.argv[1])
for level in range(30):
    os.mkdir("d" * 250)
    os.chdir("d" * 250)`;
  execFileSync('python3', ['-c', dig, root]);
  await removeTree(root);
  expect(existsSync(root)).toBe(false);
});
