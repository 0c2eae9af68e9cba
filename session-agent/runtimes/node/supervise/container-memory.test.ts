import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { createContainerMemory } from './container-memory.ts';

const root = mkdtempSync('/tmp/steppe-cgroup-');
afterAll(() => rmSync(root, { recursive: true }));

function memoryOf(name: string, files: Record<string, string>) {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name, path)), { recursive: true });
    writeFileSync(join(root, name, path), text);
  }
  return createContainerMemory(join(root, name));
}

it('reads cgroup version 2, without the page cache', () => {
  const memory = memoryOf('v2', {
    'memory.current': '1000\n',
    'memory.max': '2000\n',
    'memory.stat': 'anon 600\nfile 400\ninactive_file 300\nactive_file 50\n',
    'memory.events': 'low 0\nhigh 0\nmax 7\noom 2\noom_kill 3\noom_group_kill 0\n',
  });
  expect(memory.usage()).toEqual({ usedBytes: 650, limitBytes: 2000 });
  expect(memory.oomKills()).toBe(3);
});

it('reads cgroup version 1', () => {
  const memory = memoryOf('v1', {
    'memory/memory.usage_in_bytes': '1000\n',
    'memory/memory.limit_in_bytes': '2000\n',
    'memory/memory.stat': 'inactive_file 1\ntotal_inactive_file 300\ntotal_active_file 50\n',
    'memory/memory.oom_control': 'oom_kill_disable 0\nunder_oom 0\noom_kill 4\n',
  });
  expect(memory.usage()).toEqual({ usedBytes: 650, limitBytes: 2000 });
  expect(memory.oomKills()).toBe(4);
});

it('reports no limit if there is none', () => {
  expect(
    memoryOf('v2-max', { 'memory.current': '1000\n', 'memory.max': 'max\n' }).usage(),
  ).toBeNull();
  const unlimited = {
    'memory/memory.usage_in_bytes': '1\n',
    'memory/memory.limit_in_bytes': '9223372036854771712\n',
  };
  expect(memoryOf('v1-max', unlimited).usage()).toBeNull();
  const nothing = createContainerMemory(join(root, 'nothing'));
  expect([nothing.usage(), nothing.oomKills()]).toEqual([null, 0]);
});
