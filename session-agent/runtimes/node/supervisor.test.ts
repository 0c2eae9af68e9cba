import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { listProcesses } from './supervise/processes.ts';
import { bundleRuntime } from './testing/bundle-runtime.ts';
import { testedNode } from './testing/config.ts';
import { type FakeAgent, startFakeAgent } from './testing/fake-agent.ts';

let runtimeDir: string;
const ownCgroup = makeCgroup();
const agents: FakeAgent[] = [];

beforeAll(async () => {
  runtimeDir = await bundleRuntime();
});
afterAll(() => {
  rmSync(runtimeDir, { recursive: true });
  if (ownCgroup !== '') rmdirSync(ownCgroup);
});
afterEach(async () => {
  for (const agent of agents.splice(0)) {
    await agent.close();
    expect(leftOf(agent)).toEqual([]);
  }
});

async function started(options?: {
  lifeline?: boolean;
  memoryBytes?: number;
  cgroupDir?: string;
}): Promise<FakeAgent> {
  const agent = await startFakeAgent(runtimeDir, options);
  agents.push(agent);
  await agent.start(1, { memoryBytes: options?.memoryBytes ?? null });
  return agent;
}
const leftOf = ({ instanceId }: FakeAgent): number[] =>
  listProcesses().flatMap(({ pid, ended, carries }) =>
    !ended && carries(`STEPPE_INSTANCE_ID=${instanceId}`) ? [pid] : [],
  );

describe('the exit of a worker', () => {
  const deaths = [
    { code: 'process.exit(3)', exit: { code: 3, signal: null, reason: null } },
    { code: 'process.abort()', exit: { code: null, signal: 'SIGABRT', reason: null } },
    {
      code: 'process.kill(process.pid, "SIGKILL")',
      exit: { code: null, signal: 'SIGKILL', reason: null },
    },
    { code: 'await null; process.exit()', exit: { code: 0, signal: null, reason: null } },
  ];
  for (const { code, exit } of deaths) {
    it(`is reported: ${code}`, async () => {
      const agent = await started();
      agent.submit(`console.log("before"); display(1); ${code}`);
      expect(await agent.log.next('exit')).toMatchObject({ epoch: 1, ...exit });
      // A process that is killed cannot flush its frames.
      if (exit.code !== null) expect(agent.log.take('display')).toHaveLength(1);
      await agent.streams().stdout?.ended;
      expect(agent.streams().stdout?.all().toString()).toContain('before\n');
    });
  }

  it('is reported as out of memory if the heap was full', async () => {
    const agent = await started({ memoryBytes: 64 * 1024 * 1024 });
    agent.submit('const all = []; for (;;) all.push(new Array(1000).fill(all.length))');
    expect(await agent.log.next('exit')).toMatchObject({ epoch: 1, reason: 'memory' });
    expect(existsSync(join(agent.runDir, '1.fatal.json'))).toBe(false);
  });

  it('is reported as out of memory if the worker uses up its session’s limit', async () => {
    const agent = await started({ memoryBytes: 128 * 1024 * 1024 });
    agent.submit('const kept = []; for (;;) kept.push(Buffer.alloc(1e6, 1))');
    expect(await agent.log.next('exit')).toMatchObject({ epoch: 1, reason: 'memory' });
  });

  it('is forced at 95 % of the container’s memory, before the container fails', async () => {
    const cgroupDir = mkdtempSync('/tmp/steppe-cgroup-');
    const files = {
      'memory.max': '1000000000',
      'memory.current': '960000000',
      'memory.stat': 'active_file 20000000',
    };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(cgroupDir, name), text);
    const agent = await started({ cgroupDir });
    expect((await agent.run('1')).done.status).toBe('completed');
    writeFileSync(join(cgroupDir, 'memory.current'), '990000000');
    expect(await agent.log.next('exit')).toMatchObject({
      signal: 'SIGKILL',
      reason: 'memory',
      detail: 'Memory was nearly full: 925 of 954 MiB were in use.',
    });
    rmSync(cgroupDir, { recursive: true });
  });

  it.runIf(ownCgroup)(
    'is caused by the kernel in a full container, but not by a full page cache',
    async () => {
      const agent = await started({ cgroupDir: ownCgroup });
      const { pid } = agent.supervisor;
      writeFileSync(join(ownCgroup, 'cgroup.procs'), String(pid));
      agent.tellSupervisor({ type: 'kill', epoch: 1 });
      await agent.log.next('exit');
      await agent.start(2);
      const writing =
        'for (let i = 0; i < 6; i += 1) fs.appendFileSync("large", Buffer.alloc(100e6)); fs.rmSync("large"); 1';
      expect((await agent.run(writing)).done.status).toBe('completed');
      agent.submit('const kept = []; for (;;) kept.push(Buffer.alloc(20e6, 1))');
      expect(await agent.log.next('exit')).toMatchObject({
        epoch: 2,
        signal: 'SIGKILL',
        reason: 'memory',
      });
    },
  );

  it('is reported as out of memory after a kill by the kernel, not by the agent', async () => {
    const cgroupDir = mkdtempSync('/tmp/steppe-cgroup-');
    const agent = await started({ cgroupDir });
    writeFileSync(join(cgroupDir, 'memory.events'), 'oom_kill 1');
    agent.submit('process.kill(process.pid, "SIGKILL")');
    expect(await agent.log.next('exit')).toMatchObject({ reason: 'memory' });
    await agent.start(2);
    writeFileSync(join(cgroupDir, 'memory.events'), 'oom_kill 2');
    agent.tellSupervisor({ type: 'kill', epoch: 2 });
    expect(await agent.log.next('exit')).toMatchObject({ signal: 'SIGKILL', reason: null });
    rmSync(cgroupDir, { recursive: true });
  });

  it('is reported as out of memory if its children use up the session’s limit', async () => {
    const agent = await started({ memoryBytes: 192 * 1024 * 1024 });
    agent.submit(
      'require("child_process").execFileSync(process.execPath, ["-e", "kept = Buffer.alloc(192e6, 1); setInterval(() => {}, 9)"])',
    );
    expect(await agent.log.next('exit')).toMatchObject({ epoch: 1, reason: 'memory' });
  });

  it('is reported as out of memory if V8 aborts at its largest array', async () => {
    const agent = await started({ memoryBytes: 4096 * 1024 * 1024 });
    agent.submit('const all = []; for (;;) all.push(1)');
    // From Node 22 on it is an error of the step.
    const ended = await Promise.race([agent.log.next('exit'), agent.log.next('done')]);
    if (ended.type === 'exit') expect(ended).toMatchObject({ epoch: 1, reason: 'memory' });
    else expect(ended.error).toMatchObject({ name: 'RangeError' });
  });

  it('is not caused by array buffers that nothing uses', async () => {
    const agent = await started({ memoryBytes: 512 * 1024 * 1024 });
    const { done } = await agent.run('const kept = new ArrayBuffer(600e6)');
    expect(done.status).toBe('completed');
    const variables = await agent.run('Object.keys(process.env).sort().join()');
    expect(variables.shown[0]?.bundle['text/plain']).toBe("'HOME,PATH,STEPPE_INSTANCE_ID'");
  });

  it('is followed by a kill of everything that user code started', async () => {
    const agent = await started();
    await agent.run(
      'const { spawn } = require("child_process"); for (let i = 0; i < 5; i++) spawn("setsid", ["sh", "-c", "sleep 100 & sleep 100"], { stdio: "ignore", detached: true }).unref()',
    );
    // The supervisor, the worker, five shells and their ten children.
    await expect.poll(() => leftOf(agent).length).toBe(17);
    agent.tellSupervisor({ type: 'kill', epoch: 1 });
    expect(await agent.log.next('exit')).toMatchObject({ signal: 'SIGKILL' });
    expect(leftOf(agent)).toEqual([agent.supervisor.pid]);
    await agent.start(2);
    expect((await agent.run('1 + 1')).done.status).toBe('completed');
  });
});

it('reports why a worker could not start', async () => {
  const agent = await started();
  agent.tellSupervisor({ type: 'kill', epoch: 1 });
  await agent.log.next('exit');
  agent.tellSupervisor({ type: 'spawn', epoch: 9, env: {}, memory_bytes: null });
  expect(await agent.log.next('exit')).toMatchObject({
    epoch: 9,
    code: null,
    reason: 'spawn_failed',
    detail: expect.stringContaining('ENOENT'),
  });
});

it('reconnects after a lost connection, and has killed its worker', async () => {
  const agent = await started({ lifeline: false });
  agent.dropSupervisor();
  expect(await agent.log.next('supervisor')).toMatchObject({
    language: 'node',
    pid: agent.supervisor.pid,
  });
  expect(await agent.log.next('exit')).toMatchObject({ epoch: 1, signal: 'SIGKILL' });
});

it('exits when its lifeline closes or on SIGTERM, and leaves no process behind', async () => {
  for (const lifeline of [true, false]) {
    const agent = await started({ lifeline });
    agents.splice(agents.indexOf(agent), 1);
    agent.submit('require("child_process").spawn("sleep", ["100"]); while (true);');
    await agent.close();
    expect([agent.supervisor.exitCode, leftOf(agent)]).toEqual([0, []]);
  }
});

it('rejects a run directory whose socket path is too long', () => {
  const env = {
    STEPPE_RUN_DIR: `/tmp/${'x'.repeat(100)}`,
    STEPPE_WORKSPACE: '/tmp',
    STEPPE_INSTANCE_ID: 'ins_1',
  };
  const { status, stderr } = spawnSync(testedNode, [join(runtimeDir, 'supervisor.cjs')], { env });
  expect(status).toBe(78);
  expect(stderr.toString()).toMatch(
    /^The socket path .* has 116 bytes, the limit is 100: use a shorter STEPPE_RUN_DIR\.\n$/,
  );
});

it('rejects a version of Node that is too old', () => {
  const preload = join(runtimeDir, 'pretend.cjs');
  writeFileSync(
    preload,
    'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.19.5" } })',
  );
  const { status, stderr } = spawnSync(
    testedNode,
    ['--require', preload, join(runtimeDir, 'supervisor.cjs')],
    { env: {} },
  );
  expect([status, stderr.toString()]).toEqual([
    78,
    expect.stringMatching(/ is Node 20\.19\.5: Node sessions need 20\.20 or newer\.\n$/),
  ]);
});

/**
 * A cgroup of 400 MB, if this user may create one. It is of version 1, in which a cgroup with
 * processes may have children anywhere.
 */
function makeCgroup(): string {
  const path = `/sys/fs/cgroup/memory/steppe-test-${process.pid}`;
  try {
    mkdirSync(path);
    writeFileSync(join(path, 'memory.limit_in_bytes'), '400000000');
    return path;
  } catch {
    return '';
  }
}
