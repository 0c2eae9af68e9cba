import { expect } from 'vitest';
import { interpreters } from './harness/config.ts';
import { expectResult } from './harness/expectation.ts';
import { casesOf } from './harness/one-language.ts';

const { steps, flow } = casesOf('python');

// Values
steps('a trailing semicolon suppresses the value', '42;');
steps('a trailing semicolon suppresses the value before a comment', '42;  # quiet');
steps('a semicolon in the middle suppresses nothing', '1; 2', { value: '2' });
steps('the last value is kept as _', ['20 + 1', '_ * 2'], { value: '42' });
steps('None does not change _', ['7', 'None', '_'], { value: '7' });
steps('a cell that is indented as a whole runs', '    a = 1\n    a + 1', { value: '2' });
steps('an expression inside a block is not a result', 'if True:\n    42');
steps('a lambda is shown', 'lambda: 1', { value: /<function <lambda>/ });
steps('a coroutine that is a value is shown', 'async def co(): pass\nc = co()\nc.close()\nc', {
  value: /coroutine object co/,
});
steps('annotations at top level are kept', ['count: int = 5', '__annotations__["count"]'], {
  value: "<class 'int'>",
});
steps(
  'a future import applies to its step',
  'from __future__ import annotations\ndef f(x: NoSuchName): pass\nf.__annotations__',
  {
    value: "{'x': 'NoSuchName'}",
  },
);
steps('a walrus expression declares a name', ['(w := 5)', 'w'], { value: '5' });
steps('a match statement runs', 'match (1, 2):\n    case (a, b):\n        print(a + b)', {
  stdout: '3\n',
});
steps('a loop variable persists', ['for last in range(3): pass', 'last'], { value: '2' });
steps('a comprehension sees globals', 'base = 10\n[base + n for n in range(2)]', {
  value: '[10, 11]',
});
steps(
  'nested functions use nonlocal and global',
  'g = 1\ndef f():\n    global g\n    g += 1\nf()\ng',
  { value: '2' },
);
steps('a star import works', 'from math import *\nfloor(pi)', { value: '3' });

steps(
  'a warning is shown in each step that gives it',
  ['import warnings', 'warnings.warn("old")', 'warnings.warn("old")'],
  { stderr: /^<step \d+>:1: UserWarning: old\n/ },
);

// A real __main__ module
steps(
  'the namespace is __main__',
  'import sys, __main__\nmine = 1\n[__name__, __main__.mine, sys.modules["__main__"].mine]',
  {
    value: "['__main__', 1, 1]",
  },
);
steps(
  'an object of a class from a cell can be pickled and unpickled',
  'import pickle\nclass P:\n    def __init__(self, n): self.n = n\npickle.loads(pickle.dumps(P(42))).n',
  { value: '42' },
);
steps(
  'a dataclass of a cell works',
  'from dataclasses import dataclass, asdict\n@dataclass\nclass D:\n    n: int\nasdict(D(1))',
  { value: "{'n': 1}" },
);
steps(
  'an enum of a cell is pickled by name',
  'import enum, pickle\nclass E(enum.Enum):\n    A = 1\npickle.loads(pickle.dumps(E.A)) is E.A',
  { value: 'True' },
);
steps(
  'inspect.getsource finds a function of an earlier step',
  [
    'def sourced(n):\n    return n + 1',
    'import inspect\nprint(inspect.getsource(sourced), end="")',
  ],
  { stdout: 'def sourced(n):\n    return n + 1\n' },
);
steps(
  'inspect.getsource finds a class of an earlier step, also one without methods, and the newest of a name',
  [
    'class Sourced:\n    def f(self): return 1',
    'from dataclasses import dataclass\n\n@dataclass\nclass Point:\n    x: int',
    'class Sourced:\n    @property\n    def g(self): return 2',
    'import inspect\nprint(inspect.getsource(Sourced), inspect.getsource(Point), sep="", end="")',
  ],
  {
    stdout:
      'class Sourced:\n    @property\n    def g(self): return 2\n@dataclass\nclass Point:\n    x: int\n',
  },
);
steps(
  'inspect.getsource of a class that no step has written fails as in any program',
  'import inspect\ntry: inspect.getsource(type("Made", (), {}))\nexcept (OSError, TypeError) as error: print("no source")',
  { stdout: 'no source\n' },
);
steps(
  'doctest runs over a cell’s functions',
  'import doctest\ndef double(n):\n    """\n    >>> double(2)\n    4\n    """\n    return 2 * n\ndoctest.testmod()',
  { value: 'TestResults(failed=0, attempted=1)' },
);
steps(
  'unittest runs a test of a cell',
  'import unittest\nclass T(unittest.TestCase):\n    def test_it(self): self.assertEqual(1, 1)\nunittest.main(argv=["x"], exit=False) and None',
  { stderr: /Ran 1 test[\s\S]*OK/ },
);
steps(
  'multiprocessing forks by default, with functions of cells',
  'import multiprocessing as mp\ndef square(n): return n * n\nwith mp.Pool(2) as pool: print(mp.get_start_method(), pool.map(square, [1, 2, 3]))',
  { stdout: 'fork [1, 4, 9]\n' },
  { own: {} },
);
steps(
  'a process pool of concurrent.futures works',
  'from concurrent.futures import ProcessPoolExecutor\ndef square(n): return n * n\nwith ProcessPoolExecutor(2) as pool: print(list(pool.map(square, [1, 2, 3])))',
  { stdout: '[1, 4, 9]\n' },
  { own: {} },
);
steps(
  'a thread pool works, and its output belongs to the step',
  'from concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(2) as pool: print(sorted(pool.map(lambda n: n * n, [1, 2, 3])))',
  { stdout: '[1, 4, 9]\n' },
);
flow(
  'multiprocessing spawns functions of workspace modules',
  async (session) => {
    await session.put('spawned.py', 'def square(n):\n    return n * n\n');
    const code =
      'import multiprocessing as mp, spawned\nwith mp.get_context("spawn").Pool(1) as pool: print(pool.map(spawned.square, [3]))';
    expectResult(await session.run(code), { stdout: '[9]\n' }, 'python');
  },
  {},
);
flow(
  'spawning a function of a cell fails with advice',
  async (session) => {
    const code =
      'import multiprocessing as mp\ndef local(n): print(n)\nchild = mp.get_context("spawn").Process(target=local, args=(1,))\nchild.start()\nchild.join()';
    const { error, stderr } = await session.run(code);
    expect(`${error?.message}\n${stderr}`).toMatch(
      /fork|file of the workspace|module of the workspace/,
    );
  },
  {},
);
steps(
  'a forked child that prints is captured',
  'import os\npid = os.fork()\nif pid == 0:\n    print("child", flush=True)\n    os._exit(0)\n_ = os.waitpid(pid, 0)\nprint("parent")',
  { stdout: 'child\nparent\n' },
  { own: {} },
);

// Errors
steps(
  'a traceback shows the source lines of each step',
  ['def early(n):\n    return 1 / n', 'early(0)'],
  {
    error: { name: 'ZeroDivisionError', traceback: /early\(0\)\n[\s\S]*return 1 \/ n/ },
  },
);
steps('a syntax error shows its caret', 'x = (1 +', {
  error: { name: 'SyntaxError', traceback: /x = \(1 \+\n\s+\^/ },
});
steps('an indentation error has its own name', 'def f():\nreturn 1', {
  error: { name: 'IndentationError' },
});
steps(
  'an error while handling another shows both',
  'try:\n    1 / 0\nexcept ZeroDivisionError:\n    {}["x"]',
  {
    error: {
      name: 'KeyError',
      traceback: /ZeroDivisionError[\s\S]*During handling[\s\S]*KeyError/,
    },
  },
);
steps('notes of an error are shown', 'e = ValueError("x")\ne.add_note("look here")\nraise e', {
  error: { name: 'ValueError', traceback: /look here/ },
});
steps(
  'a warning is shown once',
  'import warnings\nfor _ in range(3): warnings.warn("careful", DeprecationWarning)',
  {
    stderr: /^(?:(?!careful)[\s\S])*careful(?:(?!DeprecationWarning: careful)[\s\S])*$/,
  },
);
for (const [name, code, message] of [
  ['sys.exit with a code', 'import sys\nsys.exit(3)', '3'],
  ['sys.exit without one', 'import sys\nsys.exit()', '0'],
  ['sys.exit with a text', 'import sys\nsys.exit("done")', 'done'],
  ['exit()', 'exit()', /(?:)/],
  ['quit()', 'quit()', /(?:)/],
] as const) {
  flow(`${name} fails the step and keeps the memory`, async (session) => {
    await session.run('kept = 41');
    expectResult(await session.run(code), { error: { name: 'SystemExit', message } }, 'python');
    expectResult(await session.run('kept + 1'), { value: '42' }, 'python');
  });
}
steps('input() fails with a hint', 'input("name? ")', {
  stdout: /^(name\? )?$/,
  error: { name: 'EOFError', message: /keyboard|input/ },
});
steps(
  'a traceback that code prints goes to standard error',
  'import traceback\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    traceback.print_exc()',
  { stderr: /ZeroDivisionError: division by zero\n$/ },
);
steps('logging goes to standard error', 'import logging\nlogging.warning("logged")', {
  stderr: 'WARNING:root:logged\n',
});
steps(
  'a logger of one step works in the next',
  [
    'import logging, sys\nlog = logging.getLogger("mine")\nlog.addHandler(logging.StreamHandler(sys.stdout))\nlog.propagate = False',
    'log.error("second")',
  ],
  { stdout: 'second\n' },
);
steps(
  'redirected output goes to the user’s object',
  'import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()) as text: print("inside")\ntext.getvalue()',
  { value: String.raw`'inside\n'` },
);

for (const [what, code] of [
  [
    'traceback.print_exc()',
    'import traceback\ntry: print(Fails())\nexcept Exception: traceback.print_exc()',
  ],
  [
    'logging.exception()',
    'import logging\ntry: print(Fails())\nexcept Exception: logging.exception("x")',
  ],
  ['traceback.print_stack()', 'import traceback\ntraceback.print_stack()'],
])
  flow(`${what} prints no frames of the driver`, async (session) => {
    await session.run('class Fails:\n    def __str__(self): return 1 / 0');
    const { stderr } = await session.run(code ?? '');
    expect(stderr).toMatch(/<step \d+>/);
    expect(stderr).not.toMatch(/steppe_runtime|supervisor/);
  });
steps(
  'sys.settrace sees nothing of the driver',
  [
    'import sys\nseen = set()\ndef trace(frame, event, arg): seen.add(frame.f_code.co_filename[:5])\nsys.settrace(trace)',
    '(lambda: 1)();',
    'sys.settrace(None)\nseen',
  ],
  { value: "{'<step'}" },
);

// Pasted code
steps(
  'prompts of IPython are taken off',
  'In [1]: pasted = 1\n\nIn [2]: if pasted:\n   ...:     pasted += 1\n   ...:\n\nIn [3]: pasted',
  {
    value: '2',
  },
);

// asyncio
steps(
  'context variables are kept over an await',
  [
    'import asyncio, contextvars\nkept = contextvars.ContextVar("kept")\nkept.set(1)\nawait asyncio.sleep(0)\nkept.set(kept.get() + 1);',
    'kept.get()',
  ],
  { value: '2' },
);
steps(
  'asyncio.run works inside a cell',
  'import asyncio\nasync def main(): return 42\nasyncio.run(main())',
  { value: '42' },
);
steps(
  'await works after asyncio.run',
  ['import asyncio\nasync def main(): return 1\nasyncio.run(main())', 'await main()'],
  {
    value: '1',
  },
);
steps(
  'async with at top level',
  'import contextlib\n@contextlib.asynccontextmanager\nasync def room():\n    print("in")\n    yield 42\n    print("out")\nasync with room() as got: print(got)',
  { stdout: 'in\n42\nout\n' },
);
steps(
  'an async comprehension at top level',
  'async def gen():\n    for n in range(3): yield n\n[n async for n in gen()]',
  {
    value: '[0, 1, 2]',
  },
);
steps(
  'a TaskGroup shows each failure',
  'import asyncio\nasync def bad(): raise ValueError("one")\nasync with asyncio.TaskGroup() as group: group.create_task(bad())',
  { error: { name: 'ExceptionGroup', traceback: /ValueError: one/ } },
);
steps('asyncio.to_thread works', 'import asyncio\nawait asyncio.to_thread(lambda: 42)', {
  value: '42',
});

// Display protocols
flow('display(raw=True) shows the bundle as it is', async (session) => {
  const { results } = await session.run('display({"text/html": "<b>x</b>"}, raw=True)');
  expect(results).toEqual([{ 'text/html': '<b>x</b>' }]);
});
steps(
  'display(update=True) updates what has the id',
  'handle = display(display_id="shown")\nhandle.update(1)\ndisplay(2, display_id="shown", update=True)',
  {
    displayed: [
      { display_id: 'shown' },
      { display_id: 'shown', is_update: true, 'text/plain': '1' },
      { display_id: 'shown', is_update: true, 'text/plain': '2' },
    ],
  },
);
steps('display(update=True) without an id is refused', 'display(1, update=True)', {
  error: { name: 'TypeError', message: /display_id required/ },
});
steps(
  '_repr_pretty_ gives the text',
  'class Pair:\n    def _repr_pretty_(self, p, cycle):\n        with p.group(1, "<", ">"):\n            p.pretty([1, 2]); p.breakable(); p.text("end")\nPair()',
  { value: '<[1, 2] end>' },
);
for (const code of ['Markdown(5)', 'JSON(5)', 'Image()', 'Audio()', 'Video(b"x")', 'FileLink(".")'])
  steps(`IPython.display refuses ${code}`, `from IPython.display import *\n${code}`, {
    error: { name: /^(TypeError|ValueError)$/ },
  });
steps(
  'GeoJSON is a map, and ProgressBar is updated',
  'from IPython.display import GeoJSON, ProgressBar\ndisplay(GeoJSON({"type": "Point"}))\nfor n in ProgressBar(1): pass',
  {
    displayed: [
      { 'application/geo+json': { type: 'Point' } },
      { 'text/plain': /0\/1$/ },
      { 'text/plain': /0\/1$/, is_update: true },
      { 'text/plain': /1\/1$/, is_update: true },
    ].map((bundle) => ({ ...bundle, 'text/plain': expect.anything() })),
  },
);
steps(
  'a _ of the user’s own among the builtins stays',
  ['import gettext\ngettext.install("none")', '1 + 1', '_("text")'],
  { value: "'text'" },
  { own: {} },
);
const repr = (method: string, value: string) =>
  `class R:\n    def ${method}(self, **k): return ${value}\nR()`;
const bundleOf = async (session: Parameters<Parameters<typeof flow>[1]>[0], code: string) =>
  (await session.run(code)).results.at(-1);
for (const [method, value, mime, shown] of [
  ['_repr_html_', '"<b>x</b>"', 'text/html', '<b>x</b>'],
  ['_repr_markdown_', '"**x**"', 'text/markdown', '**x**'],
  ['_repr_latex_', '"$x$"', 'text/latex', '$x$'],
  ['_repr_svg_', '"<svg/>"', 'image/svg+xml', '<svg/>'],
  ['_repr_png_', 'b"png"', 'image/png', 'cG5n'],
  ['_repr_jpeg_', 'b"jpg"', 'image/jpeg', 'anBn'],
  ['_repr_json_', '{"a": 1}', 'application/json', { a: 1 }],
  ['_repr_mimebundle_', '{"text/html": "<i>x</i>"}', 'text/html', '<i>x</i>'],
] as const) {
  flow(`${method} is shown, with text as well`, async (session) => {
    const bundle = await bundleOf(session, repr(method, value));
    expect(bundle).toMatchObject({
      [mime]: shown,
      'text/plain': expect.stringContaining('R object'),
      is_main_result: true,
    });
  });
}
steps(
  '_ipython_display_ shows itself',
  'class S:\n    def _ipython_display_(self): print("myself")\nS()',
  {
    stdout: 'myself\n',
  },
);
flow('a failed representation does not affect the others', async (session) => {
  const result = await session.run(
    'class B:\n    def _repr_html_(self): raise ValueError("no html")\nB()',
  );
  expect(result).toMatchObject({ status: 'completed', stderr: expect.stringContaining('no html') });
  expect(result.results[0]).toMatchObject({ 'text/plain': expect.stringContaining('B object') });
});
flow('an output with a display_id is updated', async (session) => {
  const { results } = await session.run(
    'handle = display("one", display_id=True)\nhandle.update("two")',
  );
  expect(results.map((bundle) => bundle['text/plain'])).toEqual(["'one'", "'two'"]);
  expect(results[1]).toMatchObject({ display_id: results[0]?.display_id, is_update: true });
});
steps('display() shows several values, with metadata', 'display(1, 2, metadata={"a": 1})', {
  displayed: [{ 'text/plain': '1' }, { 'text/plain': '2' }],
});
steps(
  'the names of IPython.display exist',
  'from IPython.display import display, HTML, Markdown, Image, JSON, SVG, Latex, clear_output, Code, Math, Javascript\nHTML is not None',
  { value: 'True' },
);
steps('from IPython import display works', 'from IPython import display as d\nd.HTML is not None', {
  value: 'True',
});
steps('get_ipython exists', 'get_ipython() is not None', { value: 'True' });

// Shell and magics
steps('!command runs a program', '!echo hi', { stdout: 'hi\n' });
steps('!command expands variables', 'word = "x y"\n!echo {word}', { stdout: 'x y\n' });
steps('!command expands $name', 'word = "dollar"\n!echo $word', { stdout: 'dollar\n' });
steps('!command runs inside a block', 'for n in range(2):\n    !echo {n}', { stdout: '0\n1\n' });
steps('x = !command keeps the lines', 'lines = !printf "a\\nb\\n"\nlist(lines)', {
  value: "['a', 'b']",
});
steps('x = ! command may have a space', ['lines = ! printf "a\\nb\\n"', 'list(lines)'], {
  value: "['a', 'b']",
});
steps(
  'braces of JSON in a !command stay as they are',
  `host = "example"\n!echo '{"a": 1}' {host} '{"host": "{host}"}'`,
  { stdout: '{"a": 1} {host} {"host": "{host}"}\n' },
);
steps('!command fills in slices', 'letters = "abc"\n!echo {letters[1:]} {letters[:1]!r}', {
  stdout: 'bc a\n',
});
steps('!command ignores formats, as IPython does', 'n = 1.25\n!echo {n:.1f}', {
  stdout: '{n:.1f}\n',
});
steps(
  '!command writes to the sys.stdout of user code',
  'import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()) as out:\n    !echo hi\nout.getvalue()',
  { value: String.raw`'hi\n'` },
);
steps(
  '!command runs with a sys.stdout that has no flush',
  'import sys\nclass Written(list):\n    write = list.append\nbefore, sys.stdout = sys.stdout, Written()\n!echo hi\nsys.stdout, written = before, sys.stdout\n"".join(written)',
  { value: String.raw`'hi\n'` },
);
steps('a command that fails does not fail the step', '!false', {});
steps(
  'a string that begins with an exclamation mark is a string',
  'text = """\n!echo no\n"""\ntext',
  {
    value: String.raw`'\n!echo no\n'`,
  },
);
steps('%cd persists', ['%cd /', 'import os\nos.getcwd()'], { value: "'/'" }, { own: {} });
steps('%%bash runs a script', '%%bash\nfor n in 1 2; do echo $n; done', { stdout: '1\n2\n' });
steps('%%bash that fails fails the step', '%%bash\nexit 3', {
  error: { name: 'CalledProcessError', message: /3/ },
});
steps('%time reports the time and returns the value', '%time 40 + 2', {
  stdout: /Wall time|CPU times/,
  value: '42',
});
steps('%timeit reports the time', '%timeit -n 1 -r 1 1 + 1', { stdout: /loop/ });
steps('%env sets a variable', ['%env MAGIC_WORD=abra', 'import os\nos.environ["MAGIC_WORD"]'], {
  value: "'abra'",
});
steps('%env refuses a name with spaces', '%env a b=c', {
  error: { name: 'UsageError', message: /a b/ },
});
steps('%matplotlib is accepted', '%matplotlib inline', {});
steps('%%writefile writes', ['%%writefile note.txt\nhello', 'open("note.txt").read()'], {
  value: String.raw`'hello\n'`,
});
steps('the error for an unknown magic names it', '%nosuchmagic', {
  error: { name: 'UsageError', message: /%nosuchmagic/ },
});
steps('a percent sign is still an operator', 'a = 7\n(a\n% 4)', { value: '3' });

// Interrupts
flow('a second cancel interrupts what the code does after the first', async (session) => {
  await session.run('kept = 5');
  const id = await session.submit(
    'import time\nfrom concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(2) as pool:\n    try:\n        futures = [pool.submit(time.sleep, 60) for _ in range(2)]\n        print("waits", flush=True)\n        futures[0].result()\n    finally:\n        print("waits for its threads", flush=True)',
  );
  await session.untilPrinted(id, 'waits\n');
  await session.cancel(id);
  await session.untilPrinted(id, 'waits for its threads');
  await session.cancel(id);
  expect(await session.ended(id)).toMatchObject({ status: 'cancelled', state_lost: false });
  expectResult(await session.run('kept'), { value: '5' }, 'python');
});
flow('an interrupt runs the finally of a try that begins with a loop', async (session) => {
  const code = 'try:\n    while True: pass\nfinally:\n    print("cleaned")';
  expectResult(
    await session.run(code, { timeout_ms: 150 }),
    { status: 'timed_out', stdout: 'cleaned\n', error: { name: 'StepTimedOut' } },
    'python',
  );
});
flow('KeyboardInterrupt runs the finally block', async (session) => {
  const result = await session.run(
    'import time\ntry:\n    while True: time.sleep(0.01)\nfinally:\n    print("cleaned")',
    {
      timeout_ms: 150,
    },
  );
  expectResult(
    result,
    { status: 'timed_out', stdout: 'cleaned\n', error: { name: 'StepTimedOut' } },
    'python',
  );
});
steps(
  'the time limit ends a command, and memory is kept',
  '!sleep 60',
  { status: 'timed_out', error: { name: 'StepTimedOut' } },
  { request: { timeout_ms: 150 } },
);
for (const [what, code] of [
  [
    'a pool of processes',
    'import multiprocessing, time\nwith multiprocessing.Pool(2) as pool: pool.map(time.sleep, [60] * 4)',
  ],
  [
    'a pool of threads',
    'import time\nfrom concurrent.futures import ThreadPoolExecutor\nwith ThreadPoolExecutor(2) as pool: list(pool.map(time.sleep, [60] * 4))',
  ],
  [
    'an executor of processes',
    'import time\nfrom concurrent.futures import ProcessPoolExecutor\nwith ProcessPoolExecutor(2) as pool: list(pool.map(time.sleep, [60] * 4))',
  ],
] as const)
  flow(`the time limit ends ${what}, and memory is kept`, async (session) => {
    await session.run('kept = 41');
    const { error, state_lost: lost } = await session.run(code, { timeout_ms: 500 });
    expect([error?.name, lost]).toEqual(['StepTimedOut', false]);
    // Processes that an interrupt ends print its traceback, as in a terminal.
    expect((await session.run('kept + 1')).results).toMatchObject([{ 'text/plain': '42' }]);
  });
steps(
  'the time limit ends subprocess.run, and memory is kept',
  'import subprocess\nsubprocess.run(["sleep", "60"])',
  { status: 'timed_out', error: { name: 'StepTimedOut' } },
  // Of its own: processes that an earlier step left print while an interrupt ends them.
  { request: { timeout_ms: 150 }, own: {} },
);

// Memory by use
const halfGibibyte = { own: { memoryBytes: 512 * 1024 * 1024 } };
steps(
  'two hundred threads that sleep run in a session of 512 MiB',
  'import threading\nend = threading.Event()\nthreads = [threading.Thread(target=end.wait) for _ in range(200)]\nfor thread in threads: thread.start()\nend.set()\nlen(threads)',
  { value: '200' },
  halfGibibyte,
);
steps(
  'Node runs as a child in a session of 512 MiB',
  `import subprocess\nsubprocess.run([${JSON.stringify(interpreters.node)}, "-p", "6 * 7"], check=True)\nNone`,
  { stdout: '42\n' },
  halfGibibyte,
);
