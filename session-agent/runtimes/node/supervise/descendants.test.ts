import { spawn } from 'node:child_process';
import process from 'node:process';
import { expect, it } from 'vitest';
import { findDescendants, ownsPidNamespace } from './descendants.ts';
import { listProcesses, type ProcessEntry } from './processes.ts';

const own = { pid: 10, instanceId: 'ins_1', ownsNamespace: false };

function entry(
  pid: number,
  parent: number,
  instance = '',
  { ended = false, startedAt = 50 } = {},
): ProcessEntry {
  return {
    pid,
    parent,
    group: parent,
    ended,
    startedAt,
    carries: (variable) => variable === `STEPPE_INSTANCE_ID=${instance}`,
  };
}

it('finds descendants and processes with the instance id, except its ancestors', () => {
  const processes = [
    entry(1, 0),
    entry(5, 1, 'ins_1'),
    entry(10, 5, 'ins_1'),
    entry(11, 10, 'ins_1'),
    entry(12, 11),
    entry(20, 1, 'ins_1'),
    entry(21, 1, 'ins_2'),
    entry(22, 1, 'ins_1', { ended: true }),
  ];
  expect(findDescendants(processes, own)).toEqual([11, 12, 20]);
});

it('in its own container, finds every process except the first and itself', () => {
  const processes = [entry(1, 0), entry(10, 1), entry(11, 10), entry(12, 1), entry(13, 0)];
  const isTini = { ...own, ownsNamespace: true };
  expect(findDescendants(processes, isTini)).toEqual([11, 12, 13]);
  expect(findDescendants(processes, { ...isTini, pid: 1 })).toEqual([10, 11, 12, 13]);
});

it('does not mistake a machine for its own container', () => {
  expect(ownsPidNamespace(1, 0, [entry(1, 0)])).toBe(true);
  expect(ownsPidNamespace(10, 1, [entry(1, 0), entry(10, 1)])).toBe(true);
  expect(ownsPidNamespace(10, 1, [entry(1, 0), entry(5, 1), entry(10, 1)])).toBe(false);
  expect(ownsPidNamespace(10, 5, [entry(5, 1), entry(10, 5)])).toBe(false);
  expect(ownsPidNamespace(10, 1, [])).toBe(false);
});

it('reads no environment of a process older than its parent, unless that has exited', () => {
  const agent = entry(5, 1, 'ins_1');
  const others = [entry(1, 0, '', { startedAt: 0 }), entry(10, 5, 'ins_1', { startedAt: 60 })];
  const read: number[] = [];
  const older = { ...entry(20, 1, '', { startedAt: 49 }), carries: () => read.push(20) > 0 };
  const asOld = entry(21, 1, 'ins_1');
  expect([findDescendants([...others, agent, older, asOld], own), read]).toEqual([[21], []]);
  expect(findDescendants([...others, older, asOld], own)).toEqual([20, 21]);
});

it.runIf(process.platform === 'linux')('tells which of two processes is older', async () => {
  const child = spawn('sleep', ['60']);
  try {
    const began = new Map(listProcesses().map(({ pid, startedAt }) => [pid, startedAt]));
    expect(began.get(child.pid ?? 0)).toBeGreaterThan(began.get(process.pid) ?? Number.NaN);
  } finally {
    child.kill('SIGKILL');
  }
});
