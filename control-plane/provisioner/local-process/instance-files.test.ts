import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { newInstanceId, newSessionId } from '@steppe/contracts/ids';
import {
  keptEndsName,
  removeUnusedInstances,
} from '@steppe/service-kit/process/instances-directory';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../../testing/eventually.ts';
import { type InstanceFacts, readEntry, takeOwnership, writeFacts } from './instance-entry.ts';
import { openInstancesDirectory, rootOf } from './instances-directory.ts';
import { forgetOldEnds, keepEnd, listKeptEnds, readKeptEnd } from './kept-ends.ts';
import { identify, isAlive } from './process-identity.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync('/tmp/steppe-test-');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

describe('ends that are kept', () => {
  it('are read as they were kept, for an hour', async () => {
    const end = {
      instanceId: newInstanceId(),
      sessionId: newSessionId(),
      reason: 'idle' as const,
      detail: 'no call',
    };
    const pooled = { instanceId: newInstanceId(), reason: 'deleted' as const };
    await keepEnd(directory, end);
    await keepEnd(directory, pooled);
    expect(await readKeptEnd(directory, end.instanceId)).toEqual(end);
    expect(await readKeptEnd(directory, pooled.instanceId)).toEqual(pooled);
    await forgetOldEnds(directory, Date.now() + 3_000_000);
    expect(listKeptEnds(directory)).toHaveLength(2);
    const longAgo = new Date(Date.now() - 3_700_000);
    utimesSync(join(directory, keptEndsName, end.instanceId), longAgo, longAgo);
    await forgetOldEnds(directory, Date.now());
    expect(listKeptEnds(directory)).toEqual([pooled.instanceId]);
  });

  it('are none where nothing was kept, or what is there is none', async () => {
    const instanceId = newInstanceId();
    expect([listKeptEnds(directory), await readKeptEnd(directory, instanceId)]).toEqual([[], null]);
    mkdirSync(join(directory, keptEndsName));
    writeFileSync(join(directory, keptEndsName, instanceId), '{"reason":"won"}');
    expect(await readKeptEnd(directory, instanceId)).toBeNull();
  });
});

describe('an entry', () => {
  it('has the first owner for good, of any number at once', async () => {
    const facts = await make();
    const root = rootOf(directory, facts.instanceId);
    expect(readEntry(root)).toEqual({ ...facts, owner: undefined });
    const takers = [...Array.from({ length: 20 }, () => newSessionId()), 'retired' as const];
    const taken = await Promise.all(takers.map((owner) => takeOwnership(root, owner)));
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect(readEntry(root)?.owner).toBe(takers[taken.indexOf(true)]);
    expect(readdirSync(root).filter((name) => name.startsWith('.'))).toEqual([]);
  });

  it('is none, and has no owner, where there is no directory or no facts', async () => {
    const root = rootOf(directory, newInstanceId());
    expect([readEntry(root), await takeOwnership(root, newSessionId())]).toEqual([null, false]);
    mkdirSync(root);
    writeFileSync(join(root, 'instance.json'), '{"half":');
    expect(readEntry(root)).toBeNull();
  });

  async function make(): Promise<InstanceFacts> {
    const instanceId = newInstanceId();
    const facts = {
      instanceId,
      runtime: 'python',
      version: 'v1',
      createdAtMs: 1,
      starter: identify(process.pid),
    };
    mkdirSync(rootOf(directory, instanceId));
    await writeFacts(rootOf(directory, instanceId), facts);
    return facts;
  }
});

describe('a process', () => {
  it('is distinguished from a later one of the same number', async () => {
    const self = identify(process.pid);
    expect(isAlive(self)).toBe(true);
    expect(isAlive({ ...self, startedAt: '1' })).toBe(false);
  });

  it('is not alive once it has ended, also where nobody has reaped it', async () => {
    // The shell replaces itself by a sleep that never waits for the child it got.
    const parent = spawn('sh', ['-c', 'sleep 1000 & echo $!; exec sleep 1000'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      const [line] = await once(parent.stdout, 'data');
      const child = identify(Number(line));
      expect(isAlive(child)).toBe(true);
      process.kill(child.pid, 'SIGKILL');
      await eventually(() => isAlive(child)).toBe(false);
    } finally {
      parent.kill('SIGKILL');
    }
  });
});

describe('the directory of all instances', () => {
  it('is made for its user alone, and taken again', async () => {
    const path = join(directory, 'new');
    await openInstancesDirectory(path);
    await openInstancesDirectory(path);
    expect(execFileSync('ls', ['-ld', path], { encoding: 'utf8' })).toMatch(/^drwx------/);
  });

  it('is made with those above it, and refused where the system takes no new names', async () => {
    const path = join(directory, 'a', 'b');
    await Promise.all([openInstancesDirectory(path), openInstancesDirectory(path)]);
    expect(existsSync(path)).toBe(true);
    await expect(openInstancesDirectory('/proc/nowhere/at-all')).rejects.toThrow('ENOENT');
  });

  it('is refused where it is a link or a file, or a socket’s path in it would be cut', async () => {
    const [link, file] = [join(directory, 'link'), join(directory, 'file')];
    symlinkSync(directory, link);
    writeFileSync(file, '');
    await expect(openInstancesDirectory(link)).rejects.toThrow('is not a directory of this user');
    await expect(openInstancesDirectory(file)).rejects.toThrow();
    await expect(openInstancesDirectory(`/tmp/${'x'.repeat(46)}`)).rejects.toThrow(
      'longer than 50 bytes',
    );
  });

  it('is removed with the ends that are kept in it, unless an instance is there', async () => {
    await keepEnd(directory, { instanceId: newInstanceId(), reason: 'idle' });
    const root = rootOf(directory, newInstanceId());
    mkdirSync(root);
    removeUnusedInstances(directory);
    expect(listKeptEnds(directory)).toHaveLength(1);
    rmSync(root, { recursive: true });
    removeUnusedInstances(directory);
    removeUnusedInstances(directory);
    expect(existsSync(directory)).toBe(false);
  });
});
