import { expect } from 'vitest';
import { behaviours, flow, type Row, steps } from '../harness/behaviours.ts';
import { type Expected, expectResult } from '../harness/expectation.ts';
import type { PerLanguage } from '../harness/languages.ts';
import type { Session } from '../harness/session.ts';

type Code = PerLanguage<string>;

const sleep = 'const sleep = (ms) => new Promise((done) => setTimeout(done, ms));\n';
/** Starts work that waits for the file `go`, then performs `action`. */
const later = (action: Code): Code => ({
  python: `import asyncio, os\nasync def work():\n    while not os.path.exists('go'):\n        await asyncio.sleep(0.005)\n    ${action.python}\ntask = asyncio.create_task(work())`,
  node: `${sleep}const work = async () => { while (!fs.existsSync('go')) await sleep(5);\n ${action.node} };\nvoid work(); undefined`,
});
const inThread = (action: Code): Code => ({
  python: `import os, threading, time\ndef work():\n    while not os.path.exists('go'):\n        time.sleep(0.005)\n    ${action.python}\nthreading.Thread(target=work).start()`,
  node: `const timer = setInterval(() => { if (!fs.existsSync('go')) return;\n clearInterval(timer); ${action.node} }, 5); undefined`,
});
const tellDone = { python: "open('done', 'w').close()", node: "fs.writeFileSync('done', '')" };
const printLate = {
  python: `print('late')\n    ${tellDone.python}`,
  node: `console.log('late'); ${tellDone.node}`,
};
const printLateInThread = {
  ...printLate,
  python: `print('late', flush=True)\n    ${tellDone.python}`,
};
const goAstray = {
  python: `${tellDone.python}\n    raise ValueError('astray')`,
  node: `${tellDone.node}; throw new RangeError('astray')`,
};

/** Gives output that reaches the agent by another path time to arrive. */
const afterMoment = (action: Code): Code => ({
  python: `import asyncio\nawait asyncio.sleep(0.05)\n${action.python}`,
  node: `await new Promise((done) => setTimeout(done, 50))\n${action.node}`,
});
const printOwn = { python: 'print("own")', node: 'console.log("own")' };
const response = { python: '40 + 2', node: '40 + 2' };

const inTurn = (starts: Code, next: Code): PerLanguage<{ starts: string; next: string }> => ({
  python: { starts: starts.python, next: next.python },
  node: { starts: starts.node, next: next.node },
});

/**
 * Runs a step that leaves work behind, releases the work, and runs the next step once it is done.
 */
async function runAround(session: Session, { starts, next }: { starts: string; next: string }) {
  await session.run(starts);
  await letGo(session);
  return session.run(next);
}

async function letGo(session: Session): Promise<void> {
  await session.put('go', '');
  while (!(await session.files()).includes('done'));
}

/** Work that is released between two steps: `expected` is the result of the second. */
const between = (behaviour: string, starts: Code, next: Code, expected: Expected): Row =>
  flow(
    behaviour,
    inTurn(starts, next),
    async (session, code) =>
      expectResult(await runAround(session, code), expected, session.language),
    {},
  );

/** Work that finishes while no step runs. */
const goesOn = (behaviour: string, starts: Code): Row =>
  flow(
    behaviour,
    starts,
    async (session, code) => {
      await session.run(code);
      await letGo(session);
    },
    {},
  );

const lateBackground: Expected = { stdout: 'own\n', background: { stdout: 'late\n' } };
const astray: Expected = {
  value: '42',
  background: { errors: [{ name: /^(Value|Range)Error$/, message: 'astray' }] },
};

behaviours('Async and background', [
  steps(
    'await at top level',
    {
      python: 'import asyncio\nawait asyncio.sleep(0, result=42)',
      node: 'await Promise.resolve(42)',
    },
    { value: '42' },
  ),
  steps(
    'await inside a block at top level',
    {
      python:
        'import asyncio\nif True:\n    for n in range(3):\n        got = await asyncio.sleep(0, result=n)\ngot',
      node: 'let got\nif (true) { for (let n = 0; n < 3; n++) { got = await n } }\ngot',
    },
    { value: '2' },
  ),
  steps(
    'an async function of an earlier step is awaited',
    {
      python: ['async def response(): return 42', 'await response()'],
      node: ['async function response() { return 42 }', 'await response()'],
    },
    { value: '42' },
  ),
  steps(
    'several promises or coroutines are awaited together',
    {
      python:
        'import asyncio\nasync def one(n):\n    await asyncio.sleep(0)\n    return n\nawait asyncio.gather(one(1), one(2))',
      node: 'const one = async (n) => n\nawait Promise.all([one(1), one(2)])',
    },
    { value: /^\[ ?1, 2 ?\]$/ },
  ),
  steps(
    'an async loop at top level',
    {
      python: 'async def gen():\n    for n in range(3): yield n\nasync for n in gen(): print(n)',
      node: 'async function* gen() { for (let n = 0; n < 3; n++) yield n }\nfor await (const n of gen()) console.log(n)',
    },
    { stdout: '0\n1\n2\n' },
  ),
  steps(
    'a failed await fails the step',
    {
      python: 'async def fail(): raise ValueError("x")\nawait fail()',
      node: 'await Promise.reject(new Error("x"))',
    },
    { error: { name: /Error$/, message: 'x' } },
  ),
  steps(
    'output around an await keeps its order',
    {
      python: 'import asyncio\nprint(1)\nawait asyncio.sleep(0.01)\nprint(2)',
      node: 'console.log(1)\nawait new Promise((d) => setTimeout(d, 10))\nconsole.log(2)',
    },
    { stdout: '1\n2\n' },
  ),
  steps(
    'a declaration before an await persists',
    {
      python: ['import asyncio\nbefore = 41\nawait asyncio.sleep(0)', 'before + 1'],
      node: ['const before = 41\nawait null', 'before + 1'],
    },
    { value: '42' },
  ),
  steps(
    'an await with its own time limit',
    {
      python:
        'import asyncio\ntry:\n    await asyncio.wait_for(asyncio.sleep(60), 0.01)\nexcept asyncio.TimeoutError:\n    print("late")',
      node: `${sleep}await Promise.race([new Promise((done) => setTimeout(done, 60000).unref()), sleep(10)]).then(() => console.log("late"))`,
    },
    { stdout: 'late\n' },
  ),
  steps(
    'a step does not wait for its background work',
    later({ python: 'pass', node: '' }),
    {},
    { own: {} },
  ),
  steps(
    'background work finishes in a later step',
    {
      python: [
        'import asyncio\nseen = []\nasync def add():\n    await asyncio.sleep(0.01)\n    seen.append(1)\ntask = asyncio.create_task(add())',
        'await task\nseen',
      ],
      node: [
        `${sleep}const seen = []\nconst task = sleep(10).then(() => seen.push(1)); undefined`,
        'await task\nseen',
      ],
    },
    { value: /^\[ ?1 ?\]$/ },
    { own: {} },
  ),
  steps(
    'a future of one step is resolved in another',
    {
      python: [
        'import asyncio\nfuture = asyncio.get_event_loop().create_future()\nasync def wait(): return await future\ntask = asyncio.create_task(wait())',
        'future.set_result(42)',
        'await task',
      ],
      node: [
        'let resolve\nconst task = new Promise((r) => { resolve = r }); undefined',
        'resolve(42)',
        'await task',
      ],
    },
    { value: '42' },
    { own: {} },
  ),
  goesOn('background work continues between steps', later(tellDone)),
  goesOn('threads and timers continue between steps', inThread(tellDone)),
  between(
    'output between steps is background output of the next step',
    later(printLate),
    afterMoment(printOwn),
    lateBackground,
  ),
  between(
    'output of a thread or timer between steps is background output of the next step',
    inThread(printLateInThread),
    afterMoment(printOwn),
    lateBackground,
  ),
  steps(
    'output of earlier work during a step is not the step’s own',
    {
      python: [
        later(printLate).python,
        "import asyncio\nprint('own')\nopen('go', 'w').close()\nwhile not os.path.exists('done'): await asyncio.sleep(0.005)\nawait asyncio.sleep(0.05)\nprint('end')",
      ],
      node: [
        later(printLate).node,
        "console.log('own'); fs.writeFileSync('go', '');\nwhile (!fs.existsSync('done')) await sleep(5);\nawait sleep(50);\nconsole.log('end')",
      ],
    },
    { stdout: 'own\nend\n', background: { stdout: 'late\n' } },
    { own: {} },
  ),
  steps(
    'output of an earlier thread or timer during a step is not the step’s own',
    {
      python: [
        inThread(printLateInThread).python,
        "print('own')\nopen('go', 'w').close()\nwhile not os.path.exists('done'): time.sleep(0.005)\ntime.sleep(0.05)\nprint('end')",
      ],
      node: [
        inThread(printLateInThread).node,
        "console.log('own'); fs.writeFileSync('go', '');\nwhile (!fs.existsSync('done')) await new Promise((d) => setTimeout(d, 5));\nawait new Promise((d) => setTimeout(d, 50));\nconsole.log('end')",
      ],
    },
    { stdout: 'own\nend\n', background: { stdout: 'late\n' } },
    { own: {} },
  ),
  steps(
    'output of the step’s own thread or timer is its output',
    {
      python:
        "import threading\nt = threading.Thread(target=lambda: print('mine'))\nt.start()\nt.join()",
      node: "await new Promise((done) => setTimeout(() => { console.log('mine'); done() }, 1)); undefined",
    },
    { stdout: 'mine\n' },
  ),
  between(
    'an error in background work is a background error, and not fatal',
    { ...later(goAstray), python: `${later(goAstray).python}\ndel task` },
    afterMoment(response),
    astray,
  ),
  between(
    'an error in a thread or timer is a background error, and not fatal',
    inThread(goAstray),
    afterMoment(response),
    astray,
  ),
  between(
    'output of a child process between steps is background output of the next step',
    {
      python:
        "import subprocess\nchild = subprocess.Popen(['sh', '-c', 'while [ ! -e go ]; do sleep 0.01; done; echo late; touch done'])",
      node: "const child = require('child_process').spawn('sh', ['-c', 'while [ ! -e go ]; do sleep 0.01; done; echo late; touch done'], { stdio: 'inherit' }); undefined",
    },
    { ...printOwn, python: 'child.wait()\nprint("own")' },
    lateBackground,
  ),
  flow(
    'background output arrives as events after the start of the next step',
    inTurn(later(printLate), afterMoment(printOwn)),
    async (session, code) => {
      const events = await session.events((await runAround(session, code)).step_id);
      expect(events.map(({ type }) => type)).toEqual([
        'step_started',
        'background',
        'stdout',
        'step_ended',
      ]);
      expect(events[1]).toMatchObject({ stream: 'stdout', text: 'late\n' });
    },
    {},
  ),
  flow(
    'a server started in one step serves the next',
    {
      python: {
        starts:
          "import asyncio\nasync def reply(reader, writer):\n    await reader.readline()\n    writer.write(b'pong')\n    writer.close()\nserver = await asyncio.start_server(reply, '127.0.0.1', 0)\nport = server.sockets[0].getsockname()[1]",
        reads:
          "reader, writer = await asyncio.open_connection('127.0.0.1', port)\nwriter.write(b'ping\\n')\n(await reader.read()).decode()",
      },
      node: {
        starts:
          "const server = require('http').createServer((request, response) => response.end('pong'))\nawait new Promise((done) => server.listen(0, '127.0.0.1', done))",
        reads: 'await (await fetch("http://127.0.0.1:" + server.address().port)).text()',
      },
    },
    async (session, { starts, reads }) => {
      expectResult(await session.run(starts), {}, session.language);
      expectResult(await session.run(reads), { value: "'pong'" }, session.language);
    },
    {},
  ),
  flow(
    'of much background output the newest is kept',
    inTurn(
      later({
        python: `[print(n, '.' * 500) for n in range(300)]\n    await asyncio.sleep(0.3)\n    ${tellDone.python}`,
        node: `for (let n = 0; n < 300; n++) console.log(n, '.'.repeat(500)); await sleep(300); ${tellDone.node}`,
      }),
      { python: 'None', node: 'undefined' },
    ),
    async (session, code) => {
      const { background } = await runAround(session, code);
      expect(background?.stdout).not.toMatch(/^0 /);
      expect(background?.stdout).toMatch(/\n299 \.+\n$/);
    },
    {},
  ),
  steps(
    'code can cancel a task',
    {
      python:
        'import asyncio\nt = asyncio.create_task(asyncio.sleep(60))\nawait asyncio.sleep(0)\nt.cancel()\ntry:\n    await t\nexcept asyncio.CancelledError:\n    print("cancelled")',
      node: `const gone = new AbortController()\nsetTimeout(() => gone.abort(), 1)\ntry { await require('timers/promises').setTimeout(60000, null, { signal: gone.signal }) } catch { console.log("cancelled") }`,
    },
    { stdout: 'cancelled\n' },
  ),
]);
