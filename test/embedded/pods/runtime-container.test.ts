import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Language } from '@steppe/contracts/session';
import { eventually } from '@steppe/service-kit/testing/eventually';
import { afterEach, describe, expect, test } from 'vitest';
import { languages, type PerLanguage } from '../../conformance/harness/languages.ts';
import { hasNamespaces, openPod, type Pod } from './pod.ts';

let pod: Pod;
let cgroup: string;
afterEach(async () => {
  await pod.close();
  rmSync(cgroup, { recursive: true });
});

async function startPod(language: Language, usedPercent = 10) {
  cgroup = fakeCgroup(usedPercent);
  pod = await openPod(language);
  const agent = pod.startAgent();
  const startRuntime = () => pod.startRuntime({ STEPPE_CGROUP_DIR: cgroup });
  const runtime = startRuntime();
  await expect.poll(() => pod.probe('/readyz')).toBe(200);
  return { agent, runtime, startRuntime, session: await pod.bind() };
}

const limitBytes = 100 * 1024 ** 2;

/** The memory files of a container, of both versions of cgroups. */
function fakeCgroup(usedPercent: number): string {
  const directory = mkdtempSync('/tmp/steppe-cgroup-');
  const used = String((limitBytes * usedPercent) / 100);
  const write = (folder: string, files: Record<string, string>) => {
    mkdirSync(folder, { recursive: true });
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  };
  write(directory, {
    'memory.current': used,
    'memory.max': String(limitBytes),
    'memory.stat': 'active_file 0\ninactive_file 0\n',
    'memory.events': 'oom_kill 0\n',
  });
  write(join(directory, 'memory'), {
    'memory.usage_in_bytes': used,
    'memory.limit_in_bytes': String(limitBytes),
    'memory.stat': 'total_active_file 0\ntotal_inactive_file 0\n',
    'memory.oom_control': 'oom_kill 0\n',
  });
  return directory;
}

const sleeping: PerLanguage<string> = {
  python: 'import time\nprint("runs", flush=True)\ntime.sleep(1000)',
  node: 'console.log("runs"); await new Promise((resolve) => setTimeout(resolve, 1e6))',
};
/** Starts a process that leaves its parents and its environment; prints its pid. */
const escaping: PerLanguage<(command: string) => string> = {
  python: (command) =>
    `import subprocess\nprint(subprocess.check_output(["sh", "-c", ${JSON.stringify(inOwnSession(command))}]).decode())`,
  node: (command) =>
    `console.log(require("child_process").execFileSync("sh", ["-c", ${JSON.stringify(inOwnSession(command))}]).toString())`,
};
const inOwnSession = (command: string) =>
  `env -i setsid sh -c '${command} >/dev/null 2>&1 & echo $!'`;
/** The state of a process in the container's own /proc: of a pid that the step sees. */
const stateOf: PerLanguage<(pid: string) => string> = {
  python: (pid) => `open("/proc/${pid}/stat").read().rsplit(")", 1)[1].split()[0]`,
  node: (pid) => `require("fs").readFileSync("/proc/${pid}/stat", "latin1").split(") ")[1][0]`,
};

/** Processes of the whole machine with this argument. */
const processesWith = (argument: string): string[] =>
  readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(argument);
    } catch {
      return false;
    }
  });

describe.runIf(hasNamespaces).each(languages)('a %s runtime in a container', (language) => {
  test('leaves no process of a worker, not even one that hides', async () => {
    const { session } = await startPod(language);
    const seconds = `${Math.floor(Math.random() * 1e9)}.5`;
    await session.run(escaping[language](`sleep ${seconds}`));
    expect(processesWith(seconds)).toHaveLength(1);
    expect(await session.restart()).toBe(2);
    expect(processesWith(seconds)).toEqual([]);
    expect(await session.run('6 * 7')).toMatchObject({ status: 'completed', epoch: 2 });
  });

  test('reaps what its workers’ children leave behind', async () => {
    const { session } = await startPod(language);
    const { stdout } = await session.run(escaping[language]('true'));
    await eventually(async () => {
      const seen = await session.run(stateOf[language](stdout.trim()));
      // A zombie would still have its state.
      expect(seen.status).toBe('failed');
    });
  });

  test.each([
    [92, 'OutOfMemory'],
    [60, 'WorkerCrashed'],
  ])('killed whole with %s %% of its memory in use is %s', async (percent, name) => {
    const { agent, runtime, startRuntime, session } = await startPod(language, percent);
    const stepId = await session.submit(sleeping[language]);
    await session.untilPrinted(stepId, 'runs');
    await eventually(() => expect(agent.log()).toContain('"msg":"runtime memory"'));
    await runtime.kill();
    expect(await session.ended(stepId)).toMatchObject({
      status: 'failed',
      state_lost: true,
      epoch: 2,
      error: { name },
    });
    startRuntime();
    expect(await session.run('6 * 7')).toMatchObject({ status: 'completed', epoch: 2 });
  });
});
