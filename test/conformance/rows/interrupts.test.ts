import { stepResultSchema } from '@steppe/contracts/step';
import { expect } from 'vitest';
import { behaviours, flow, type Row, steps } from '../harness/behaviours.ts';
import { expectResult } from '../harness/expectation.ts';
import type { PerLanguage } from '../harness/languages.ts';
import { openSession } from '../harness/session.ts';

const sleep = 'new Promise((done) => setTimeout(done, 60000))';
const remember = { python: 'kept = 41', node: 'const kept = 41' };
const timeLimit = { request: { timeout_ms: 150 } };
const timedOut = { status: 'timed_out', error: { name: 'StepTimedOut', message: /150/ } } as const;

/** The time limit ends code that never ends, and the memory is kept. */
const ended = (
  what: string,
  code: PerLanguage<string>,
  stdout = '',
  files: Record<string, string> = {},
): Row =>
  flow(`the time limit ends ${what}, and memory is kept`, code, async (session, endless) => {
    for (const [name, content] of Object.entries(files)) await session.put(name, content);
    await session.run(remember[session.language]);
    expectResult(
      await session.run(endless, timeLimit.request),
      { ...timedOut, stdout },
      session.language,
    );
    expectResult(await session.run('kept + 1'), { value: '42' }, session.language);
  });

const isRunning = {
  python: 'print(child.poll() is None)',
  node: 'console.log(child.exitCode === null && child.signalCode === null)',
};

const interruptsWhatItStarted: Row = flow(
  'an interrupt reaches what the step has started, and nothing of earlier steps',
  {
    python: {
      earlier: 'import subprocess\nearlier = subprocess.Popen(["sleep", "60"])',
      step: 'child = subprocess.Popen(["sleep", "60"])\nearlier.wait()',
      ends: 'child.wait()',
      endEarlier: 'child = earlier',
    },
    node: {
      earlier: 'const earlier = child_process.spawn("sleep", ["60"])',
      step: 'const child = child_process.spawn("sleep", ["60"])\nawait new Promise((end) => earlier.on("exit", end))',
      ends: 'if (child.signalCode === null) await new Promise((end) => child.on("exit", end))\nchild.signalCode === "SIGINT" ? -2 : child.signalCode',
      endEarlier: 'const child = earlier',
    },
  },
  async (session, { earlier, step, ends, endEarlier }) => {
    const { language } = session;
    await session.run(earlier);
    expectResult(await session.run(step, timeLimit.request), timedOut, language);
    expectResult(await session.run(ends), { value: '-2' }, language);
    await session.run(endEarlier);
    expectResult(await session.run(isRunning[language]), { stdout: /^true\n$/i }, language);
    await session.run('child.kill()');
  },
);

behaviours('Interrupts', [
  ended('a loop', { python: 'while True: pass', node: 'while (true) {}' }),
  ended('a loop in a function of an earlier step', {
    python: 'def spin():\n    n = 0\n    while True: n += 1\nspin()',
    node: 'function spin() { let n = 0; while (true) n += 1 }\nspin()',
  }),
  ended('sleep', {
    python: 'import time\ntime.sleep(60)',
    node: 'Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)',
  }),
  ended('an await', { python: 'import asyncio\nawait asyncio.sleep(60)', node: `await ${sleep}` }),
  ended('an await that never resolves', {
    python: 'import asyncio\nawait asyncio.get_event_loop().create_future()',
    node: 'setTimeout(() => {}, 60_000)\nawait new Promise(() => {})',
  }),
  ended('a loop after an await', {
    python: 'import asyncio\nawait asyncio.sleep(0)\nwhile True: pass',
    node: 'await null\nwhile (true) {}',
  }),
  ended('a loop of awaits', {
    python: 'import asyncio\nwhile True: await asyncio.sleep(0)',
    node: 'while (true) await null',
  }),
  ended('a loop of timers', {
    python: 'import asyncio\nwhile True: await asyncio.sleep(0.001)',
    node: 'while (true) await new Promise((done) => setTimeout(done, 1))',
  }),
  ended('a loop in a callback of the event loop', {
    python:
      'import asyncio\ndef spin():\n    while True: pass\nasyncio.get_event_loop().call_soon(spin)\nawait asyncio.sleep(60)',
    node: `setTimeout(() => { while (true) {} })\nawait ${sleep}`,
  }),
  ended('a regular expression that backtracks', {
    python: 'import re\nre.match(r"(a+)+$", "a" * 40 + "b")',
    node: '/^(a+)+$/.test("a".repeat(40) + "b")',
  }),
  ended('arithmetic on huge integers', {
    python: 'n = 3 ** 100_000_000',
    node: 'let n = 3n; while (true) n = (n * n) % (2n ** 300000n)',
  }),
  ended('a loop that catches exceptions', {
    python: 'while True:\n    try:\n        while True: pass\n    except Exception: pass',
    node: 'while (true) { try { while (true) {} } catch {} }',
  }),
  ended('a wait for a lock', {
    python: 'import threading\nlock = threading.Lock()\nlock.acquire()\nlock.acquire()',
    node: 'const cell = new Int32Array(new SharedArrayBuffer(4))\nwhile (Atomics.wait(cell, 0, 0)) {}',
  }),
  ended('an await for a child process', {
    python:
      'import asyncio\nchild = await asyncio.create_subprocess_exec("sleep", "60")\nawait child.wait()',
    node: 'await new Promise((done) => require("child_process").spawn("sleep", ["60"]).on("exit", done))',
  }),
  ended('a command that blocks the step', {
    python: 'import os\nos.system("sleep 60")\nprint("continued")',
    node: 'child_process.execSync("sleep 60")\nconsole.log("continued")',
  }),
  ended('a shell that waits for its children', {
    python: 'import os\nos.system("sleep 60 & sleep 60 & wait; :")',
    node: 'child_process.execSync("sleep 60 & sleep 60 & wait; :")',
  }),
  interruptsWhatItStarted,
  ended('a loop in the comparison of a sort', {
    python: 'def compare(n):\n    while True: pass\nsorted([1, 2], key=compare)',
    node: '[1, 2].sort(() => { while (true) {} })',
  }),
  ended('a loop while the value is shown', {
    python: 'class Slow:\n    def __repr__(self):\n        while True: pass\nSlow()',
    node: '({ [require("util").inspect.custom]() { while (true) {} } })',
  }),
  ended(
    'a loop in a module during its import',
    { python: 'import spin_module', node: 'require("./spin_module.js")' },
    '',
    {
      'spin_module.py': 'while True: pass\n',
      'spin_module.js': 'while (true) {}\n',
    },
  ),
  ended('an endless generator', {
    python: 'def forever():\n    while True: yield 1\nfor _ in forever(): pass',
    node: 'function* forever() { while (true) yield 1 }\nfor (const _ of forever());',
  }),
  steps(
    'output before the time limit is kept',
    { python: 'print("before")\nwhile True: pass', node: 'console.log("before")\nwhile (true) {}' },
    { ...timedOut, stdout: 'before\n' },
    timeLimit,
  ),
  flow(
    'the time limit ends endless printing, and memory is kept',
    { python: 'while True: print("again")', node: 'while (true) console.log("again")' },
    async (session, code) => {
      await session.run(remember[session.language]);
      const { status, stdout, state_lost: lost } = await session.run(code, { timeout_ms: 300 });
      expect({ status, lost, start: stdout.slice(0, 6) }).toEqual({
        status: 'timed_out',
        lost: false,
        start: 'again\n',
      });
      expectResult(await session.run('kept + 1'), { value: '42' }, session.language);
    },
  ),
  flow(
    'the error of a time limit has a traceback',
    {
      python: 'def busy():\n    while True: pass\nbusy()',
      node: 'function busy() { while (true) {} }\nbusy()',
    },
    async (session, code) => {
      const { error } = await session.run(code, timeLimit.request);
      expect(error).toMatchObject({
        name: 'StepTimedOut',
        message: 'the step ran longer than its timeout_ms of 150',
      });
      expect(error?.traceback.length).toBeGreaterThan(0);
    },
  ),
  steps(
    'a step within its time limit is not interrupted',
    { python: '40 + 2', node: '40 + 2' },
    { value: '42' },
    { request: { timeout_ms: 20_000 } },
  ),
  flow(
    'a step that cannot be interrupted is killed, and the loss is reported',
    {
      python:
        'import time\nwhile True:\n    try:\n        while True: time.sleep(0.01)\n    except BaseException: pass',
      node: 'require("crypto").pbkdf2Sync("a", "b", 2 ** 31 - 1, 64, "sha512")',
    },
    async (session, code) => {
      await session.run(remember[session.language]);
      expectResult(
        await session.run(code, timeLimit.request),
        { ...timedOut, stateLost: true, epoch: 2 },
        session.language,
      );
      expectResult(
        await session.run('kept + 1'),
        { error: { name: /^(Name|Reference)Error$/ }, epoch: 2 },
        session.language,
      );
    },
    {},
  ),
  flow(
    'cancel ends a loop, and memory is kept',
    {
      python: 'print("runs", flush=True)\nwhile True: pass',
      node: 'console.log("runs")\nwhile (true) {}',
    },
    async (session, code) => {
      await session.run(remember[session.language]);
      const id = await session.submit(code);
      await session.untilPrinted(id, 'runs');
      expect((await session.cancel(id)).httpStatus).toBe(202);
      expectResult(
        await session.ended(id),
        { status: 'cancelled', stdout: 'runs\n', error: { name: 'StepCancelled' } },
        session.language,
      );
      expectResult(await session.run('kept + 1'), { value: '42' }, session.language);
    },
  ),
  flow(
    'cancel ends an await, and memory is kept',
    {
      python: 'import asyncio\nprint("runs", flush=True)\nawait asyncio.sleep(60)',
      node: `console.log("runs")\nawait ${sleep}`,
    },
    async (session, code) => {
      await session.run(remember[session.language]);
      const id = await session.submit(code);
      await session.untilPrinted(id, 'runs');
      await session.cancel(id);
      expectResult(
        await session.ended(id),
        { status: 'cancelled', stdout: 'runs\n', error: { name: 'StepCancelled' } },
        session.language,
      );
      expectResult(await session.run('kept + 1'), { value: '42' }, session.language);
    },
  ),
  flow(
    'cancelling twice at once keeps the memory',
    {
      python: 'print("runs", flush=True)\nwhile True: pass',
      node: 'console.log("runs")\nwhile (true) {}',
    },
    async (session, code) => {
      const id = await session.submit(code);
      await session.untilPrinted(id, 'runs');
      await Promise.all([session.cancel(id), session.cancel(id)]);
      expect((await session.ended(id)).status).toBe('cancelled');
      expectResult(await session.run('40 + 2'), { value: '42' }, session.language);
    },
  ),
  flow(
    'cancel of a step that has ended changes nothing',
    { python: '40 + 2', node: '40 + 2' },
    async (session, code) => {
      const result = await session.run(code);
      expect(await session.cancel(result.step_id)).toEqual({ httpStatus: 200, step: result });
    },
  ),
  flow(
    'cancel of a waiting step prevents it from running',
    {
      python: {
        runs: 'print("runs", flush=True)\nwhile True: pass',
        waits: 'open("ran", "w").close()',
      },
      node: { runs: 'console.log("runs")\nwhile (true) {}', waits: 'fs.writeFileSync("ran", "")' },
    },
    async (session, { runs, waits }) => {
      const [first, second] = [await session.submit(runs), await session.submit(waits)];
      expect((await session.cancel(second)).step).toMatchObject({
        status: 'cancelled',
        started_at: null,
        state_lost: false,
      });
      await session.cancel(first);
      await session.ended(first);
      await session.run('1');
      expect(await session.files()).not.toContain('ran');
    },
  ),
  flow(
    'a client that disconnects cancels the step if it requested that',
    {
      python: 'print("runs", flush=True)\nwhile True: pass',
      node: 'console.log("runs")\nwhile (true) {}',
    },
    async (session, code) => {
      for await (const event of session.stream(code, { step_id: 'left', on_disconnect: 'cancel' }))
        if (event.type === 'stdout') break;
      // Poll instead of following: a client that follows the step replaces the one that
      // disconnected.
      const left = async () =>
        stepResultSchema.parse(await (await session.call('GET', '/steps/left')).json());
      await expect.poll(async () => (await left()).status).toBe('cancelled');
    },
  ),
  flow(
    'by default a client may disconnect and the step continues',
    {
      python:
        'import os, time\nprint("runs", flush=True)\nwhile not os.path.exists("left-go"): time.sleep(0.005)\n40 + 2',
      node: 'console.log("runs")\nwhile (!fs.existsSync("left-go")) await new Promise((done) => setTimeout(done, 5))\n40 + 2',
    },
    async (session, code) => {
      for await (const event of session.stream(code, { step_id: 'goes-on' }))
        if (event.type === 'stdout') break;
      await session.put('left-go', '');
      expectResult(
        await session.ended('goes-on'),
        { stdout: 'runs\n', value: '42' },
        session.language,
      );
    },
  ),
  flow(
    'many time limits in a row lose nothing',
    { python: 'while True: pass', node: 'while (true) {}' },
    async (session, code) => {
      await session.run(remember[session.language]);
      for (const timeout of [1, 5, 10, 20, 40, 80])
        expect((await session.run(code, { timeout_ms: timeout })).state_lost).toBe(false);
      expectResult(await session.run('kept + 1'), { value: '42' }, session.language);
    },
  ),
  flow(
    'an interrupt of one session does not affect another',
    { python: 'while True: pass', node: 'while (true) {}' },
    async (session, code) => {
      const other = await openSession(session.language);
      try {
        const id = await other.submit(remember[session.language]);
        await session.run(code, timeLimit.request);
        expect((await other.ended(id)).status).toBe('completed');
        expectResult(await other.run('kept + 1'), { value: '42' }, session.language);
      } finally {
        await other.close();
      }
    },
  ),
]);
