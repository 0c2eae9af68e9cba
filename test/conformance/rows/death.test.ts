import { readFileSync } from 'node:fs';
import { expect, vi } from 'vitest';
import { behaviours, flow, notInPods, type Row, steps } from '../harness/behaviours.ts';
import { type Expected, expectResult } from '../harness/expectation.ts';
import type { PerLanguage } from '../harness/languages.ts';
import type { Session } from '../harness/session.ts';

const own = {};
const remember = { python: 'kept = 41', node: 'const kept = 41' };
const waitForGo = {
  python:
    'import os, time\nprint("waits", flush=True)\nwhile not os.path.exists("go"): time.sleep(0.005)\n',
  node: 'console.log("waits");\nwhile (!fs.existsSync("go")) await new Promise((done) => setTimeout(done, 5));\n',
};
const exit3 = { python: 'import os\nos._exit(3)', node: 'process.exit(3)' };
/** Visits the process's descriptors that are sockets; the control connection is one of them. */
const eachSocket = {
  python: (action: string) =>
    `import os, stat\nfor fd in range(3, 256):\n    try:\n        if stat.S_ISSOCK(os.fstat(fd).st_mode): ${action}\n    except OSError: pass\n`,
  node: (action: string) =>
    `for (let fd = 3; fd < 256; fd++) try { if (fs.fstatSync(fd).isSocket()) ${action} } catch {}\n`,
};

/**
 * The interpreter dies in a step: the result has the cause and the output so far, and the next step
 * runs in a new interpreter.
 */
const dies = (
  by: string,
  code: PerLanguage<string>,
  message: RegExp,
  name = 'WorkerCrashed',
): Row =>
  flow(
    `${by} is reported, and the next step runs in a new interpreter`,
    code,
    async (session, dying) => {
      const { language } = session;
      await session.run(remember[language]);
      const print = language === 'python' ? 'print("before", flush=True)' : 'console.log("before")';
      expectResult(
        await session.run(`${print}\n${dying}`),
        { stdout: 'before\n', stderr: /(?:)/, error: { name, message }, stateLost: true, epoch: 2 },
        language,
      );
      await expectFresh(session);
    },
    own,
  );

/** Harm in a step that leaves the memory intact. */
const survives = (what: string, code: PerLanguage<string>): Row =>
  flow(
    `${what} does not end the session`,
    code,
    async (session, harm) => {
      await session.run(remember[session.language]);
      expectResult(await session.run(harm), {}, session.language);
      expectResult(await session.run('kept + 1'), { value: '42' }, session.language);
    },
    own,
  );

/** @param code prints the pid of the process that it starts. */
const restartEnds = (behaviour: string, code: PerLanguage<string>): Row =>
  flow(
    behaviour,
    code,
    async (session, starts) => {
      const pid = Number((await session.run(starts)).stdout);
      expect(await isAlive(session, pid)).toBe(true);
      await session.restart();
      expect(await isAlive(session, pid)).toBe(false);
    },
    own,
  );
const strayGrandchild = {
  python:
    'import subprocess\nprint(subprocess.run(["sh", "-c", "setsid sleep 60 >/dev/null 2>&1 & echo $!"], capture_output=True, text=True).stdout)',
  node: 'console.log(require("child_process").execSync("setsid sleep 60 >/dev/null 2>&1 & echo $!").toString())',
};

async function expectFresh(session: Session): Promise<void> {
  const next = await session.run('kept');
  expectResult(next, { error: { name: /^(Name|Reference)Error$/ }, epoch: 2 }, session.language);
  expect(next.execution_count).toBe(1);
}

const readsStat = {
  python: (path: string) =>
    `import os\nprint(open("${path}").read() if os.path.exists("${path}") else "")`,
  node: (path: string) =>
    `console.log(fs.existsSync("${path}") ? fs.readFileSync("${path}", "utf8") : "")`,
};

/**
 * A process that the session sees, which may be in a pod. A zombie, which has exited and waits for
 * its parent, counts as dead.
 */
async function isAlive(session: Session, pid: number): Promise<boolean> {
  const { stdout } = await session.run(readsStat[session.language](`/proc/${pid}/stat`));
  return !isDead(stdout.trim());
}

const isDead = (stat: string): boolean => stat === '' || /^\d+ \(.*\) [ZX] /.test(stat);

function statOnThisMachine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return '';
  }
}

behaviours('Death, and what the caller gets', [
  flow(
    'an exit call is reported with its code',
    {
      python: {
        code: 'import sys\nprint("before")\nsys.exit(3)',
        expected: { stdout: 'before\n', error: { name: 'SystemExit', message: '3' } } as Expected,
      },
      node: {
        code: 'console.log("before")\nprocess.exit(3)',
        expected: {
          stdout: 'before\n',
          error: { name: 'WorkerCrashed', message: /exit code 3/ },
          stateLost: true,
          epoch: 2,
        } as Expected,
      },
    },
    async (session, { code, expected }) =>
      expectResult(await session.run(code), expected, session.language),
    own,
  ),
  dies('a hard exit', exit3, /exit code 3/),
  dies(
    'a hard exit that claims success',
    { python: 'import os\nos._exit(0)', node: 'process.reallyExit(0)' },
    /exit code 0/,
  ),
  dies(
    'a segmentation fault',
    {
      python: 'import ctypes\nctypes.string_at(0)',
      node: 'process.kill(process.pid, "SIGSEGV")\nwhile (true) {}',
    },
    /SIGSEGV/,
  ),
  dies('an abort', { python: 'import os\nos.abort()', node: 'process.abort()' }, /SIGABRT/),
  dies(
    'a kill',
    {
      python: 'import os, signal\nos.kill(os.getpid(), signal.SIGKILL)',
      node: 'process.kill(process.pid, "SIGKILL")\nwhile (true) {}',
    },
    /SIGKILL/,
  ),
  dies(
    'a termination signal',
    {
      python: 'import os, signal, time\nos.kill(os.getpid(), signal.SIGTERM)\ntime.sleep(30)',
      node: 'process.kill(process.pid, "SIGTERM")\nwhile (true) {}',
    },
    /SIGTERM/,
  ),
  dies(
    'a program that replaces the interpreter',
    {
      python: 'import os\nos.execvp("false", ["false"])',
      node: 'process.kill(process.pid, "SIGKILL")\nwhile (true) {}',
    },
    /exit code 1|SIGKILL/,
  ),
  dies(
    'a death in a function called by a timer or thread',
    {
      python:
        'import os, threading, time\nthreading.Timer(0.01, lambda: os._exit(3)).start()\ntime.sleep(30)',
      node: 'setTimeout(() => process.exit(3), 10)\nawait new Promise((done) => setTimeout(done, 30000))',
    },
    /exit code 3/,
  ),
  notInPods(
    'the supervisor is the first process of its container: no signal from inside kills it',
    dies(
      'the end of the supervisor',
      {
        python: 'import os, signal, time\nos.kill(os.getppid(), signal.SIGKILL)\ntime.sleep(30)',
        node: 'process.kill(process.ppid, "SIGKILL")\nwhile (true) {}',
      },
      /./,
    ),
    ['python'],
  ),
  dies(
    'a bad control frame',
    {
      python: `${eachSocket.python('os.write(fd, b"\\0\\0\\0\\5hello")')}import time\ntime.sleep(30)`,
      node: `${eachSocket.node('fs.writeSync(fd, Buffer.from("\\0\\0\\0\\5hello"))')}while (true) {}`,
    },
    /./,
    'ProtocolError',
  ),
  dies(
    'a control frame of unknown type',
    {
      python: `import json, struct\ntext = b'{"type":"nonsense"}'\n${eachSocket.python('os.write(fd, struct.pack(">I", len(text)) + text)')}import time\ntime.sleep(30)`,
      node: `const text = '{"type":"nonsense"}'\n${eachSocket.node('fs.writeSync(fd, Buffer.concat([Buffer.from([0, 0, 0, text.length]), Buffer.from(text)]))')}while (true) {}`,
    },
    /./,
    'ProtocolError',
  ),
  flow(
    'a closed control connection is reported as a loss',
    {
      python: `${eachSocket.python('os.close(fd)')}import time\ntime.sleep(1)`,
      node: `${eachSocket.node('fs.closeSync(fd)')}await new Promise((done) => setTimeout(done, 1000))`,
    },
    async (session, code) => {
      await session.run(remember[session.language]);
      const result = await session.run(code, { timeout_ms: 5_000 });
      expect(result).toMatchObject({
        state_lost: true,
        epoch: 2,
        error: { name: /Crashed|Error|TimedOut/ },
      });
      await expectFresh(session);
    },
    own,
  ),
  survives('a closed standard output', {
    python: 'import os\nos.close(1)',
    node: 'fs.closeSync(1)',
  }),
  survives('a closed standard error', {
    python: 'import os\nos.close(2)',
    node: 'fs.closeSync(2)',
  }),
  flow(
    'an interpreter that stops itself is killed at its time limit',
    {
      python: 'import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)',
      node: 'process.kill(process.pid, "SIGSTOP")',
    },
    async (session, code) => {
      await session.run(remember[session.language]);
      expectResult(
        await session.run(code, { timeout_ms: 300 }),
        { status: 'timed_out', error: { name: 'StepTimedOut' }, stateLost: true, epoch: 2 },
        session.language,
      );
      await expectFresh(session);
    },
    own,
  ),
  steps(
    'reading standard input finds nothing to read',
    { python: 'import sys\nsys.stdin.read()', node: 'fs.readFileSync(0, "utf8")' },
    { value: "''" },
  ),
  flow(
    'a child that keeps the output open does not delay the step',
    {
      python: 'import subprocess\nchild = subprocess.Popen(["sleep", "60"])\nprint(child.pid)',
      node: 'const child = require("child_process").spawn("sleep", ["60"], { stdio: "inherit" })\nconsole.log(child.pid)',
    },
    async (session, code) => {
      const { status, stdout } = await session.run(code);
      expect(status).toBe('completed');
      expect(await isAlive(session, Number(stdout))).toBe(true);
    },
    own,
  ),
  restartEnds('a restart leaves no child behind', {
    python: 'import subprocess\nprint(subprocess.Popen(["sleep", "60"]).pid)',
    node: 'console.log(require("child_process").spawn("sleep", ["60"]).pid)',
  }),
  restartEnds('a restart leaves no grandchild behind that left its session', strayGrandchild),
  notInPods(
    'the processes of a pod cannot be seen from outside',
    flow(
      'the end of the session leaves no process behind',
      strayGrandchild,
      async (session, code) => {
        const pid = Number((await session.run(code)).stdout);
        await session.close();
        expect(isDead(statOnThisMachine(pid))).toBe(true);
      },
      own,
    ),
  ),
  notInPods(
    'the logs of a pod go with it',
    flow(
      'the end of the session logs no warning',
      { python: '40 + 2', node: '40 + 2' },
      async (session, code) => {
        expectResult(await session.run(code), { value: '42' }, session.language);
        await session.close();
        expect(await session.agent.stderrTail?.()).toBe('');
      },
      { agentEnv: { LOG_LEVEL: 'warn' } },
    ),
  ),
  flow(
    'a death in a step leaves no child behind',
    {
      python:
        'import os, subprocess\nprint(subprocess.Popen(["sleep", "60"]).pid, flush=True)\nos._exit(3)',
      node: 'console.log(require("child_process").spawn("sleep", ["60"]).pid)\nprocess.exit(3)',
    },
    async (session, code) => {
      const { stdout, state_lost: lost } = await session.run(code);
      expect(lost).toBe(true);
      expect(await isAlive(session, Number(stdout))).toBe(false);
    },
    own,
  ),
  flow(
    'steps that waited for a step that dies do not run',
    {
      python: { runs: `${waitForGo.python}os._exit(3)`, waits: 'open("ran", "w").close()' },
      node: { runs: `${waitForGo.node}process.exit(3)`, waits: 'fs.writeFileSync("ran", "")' },
    },
    async (session, { runs, waits }) => {
      const first = await session.submit(runs);
      await session.untilPrinted(first, 'waits');
      const refused = session.refusal('POST', '/steps', { step_id: 'waits', code: waits });
      await session.untilStatus('waits', 'queued');
      await session.put('go', '');
      expect(await refused).toMatchObject({
        status: 409,
        code: 'runtime_restarted',
        details: { epoch: 2 },
      });
      expect(await session.get('waits')).toMatchObject({
        status: 'cancelled',
        state_lost: true,
        started_at: null,
      });
      expect(await session.files()).not.toContain('ran');
    },
    own,
  ),
  flow(
    'a death between steps is reported to the next one, and the one after that runs',
    {
      python:
        'import os, threading, time\ndef end():\n    while not os.path.exists("go"): time.sleep(0.005)\n    os._exit(3)\nthreading.Thread(target=end).start()',
      node: 'setInterval(() => fs.existsSync("go") && process.exit(3), 5); undefined',
    },
    async (session, code) => {
      await session.run(code);
      await session.put('go', '');
      await vi.waitFor(async () => expect(await session.epoch()).toBe(2), {
        timeout: 60_000,
        interval: 10,
      });
      const step = { step_id: 'refused', code: '40 + 2' };
      const refusal = { status: 409, code: 'runtime_restarted', details: { epoch: 2 } };
      expect(await session.refusal('POST', '/steps', step)).toMatchObject(refusal);
      expect(await session.refusal('POST', '/steps', step)).toMatchObject(refusal);
      expectResult(await session.run('40 + 2'), { value: '42', epoch: 2 }, session.language);
    },
    own,
  ),
  flow(
    'a restart ends the running step, and says so',
    waitForGo,
    async (session, code) => {
      const id = await session.submit(code);
      await session.untilPrinted(id, 'waits');
      expect(await session.restart()).toBe(2);
      expectResult(
        await session.ended(id),
        {
          status: 'cancelled',
          stdout: 'waits\n',
          error: { name: 'RuntimeRestarted' },
          stateLost: true,
          epoch: 2,
        },
        session.language,
      );
      expectResult(await session.run('40 + 2'), { value: '42', epoch: 2 }, session.language);
    },
    own,
  ),
  flow(
    'a restart that names another epoch is refused',
    { python: '1', node: '1' },
    async (session) => {
      expect(await session.refusal('POST', '/restart', { epoch: 7 })).toMatchObject({
        status: 409,
        code: 'epoch_mismatch',
      });
      expect(await session.restart(1)).toBe(2);
    },
    own,
  ),
  flow(
    'a step that names another epoch is refused',
    { python: '40 + 2', node: '40 + 2' },
    async (session, code) => {
      expect(
        await session.refusal('POST', '/steps', { step_id: 'other', code, epoch: 7 }),
      ).toMatchObject({
        status: 409,
        code: 'epoch_mismatch',
      });
      expectResult(await session.run(code, { epoch: 1 }), { value: '42' }, session.language);
    },
  ),
  flow(
    'each of several deaths in a row is reported',
    exit3,
    async (session, code) => {
      for (const epoch of [2, 3, 4, 5])
        expect(await session.run(code)).toMatchObject({ state_lost: true, epoch });
      expectResult(await session.run('40 + 2'), { value: '42', epoch: 5 }, session.language);
    },
    own,
  ),
]);
