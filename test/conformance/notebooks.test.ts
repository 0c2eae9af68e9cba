import { expect } from 'vitest';
import { expectResult } from './harness/expectation.ts';
import { casesOf } from './harness/one-language.ts';

const { steps, flow } = casesOf('python');

// Cells that begin with a magic
steps(
  '%%capture keeps what a cell prints and shows',
  ['%%capture got\nprint("out")\ndisplay(1)\n2', 'got.stdout, [o.data for o in got.outputs]'],
  { value: String.raw`('out\n', [{'text/plain': '1'}, {'text/plain': '2'}])` },
);
steps('%%capture --no-stdout passes on what a cell prints', '%%capture --no-stdout\nprint("out")', {
  stdout: 'out\n',
});
steps('%%capture fails as its cell does, at its line', '%%capture got\n\n1 / 0', {
  error: { name: 'ZeroDivisionError', traceback: /line 3, in <module>\n\s+1 \/ 0/ },
});
steps(
  '%%writefile -a appends',
  ['%%writefile log.txt\none', '%%writefile -a log.txt\ntwo', '%cat log.txt'],
  { stdout: 'one\ntwo\n' },
);
for (const [name, mime] of [
  ['html', 'text/html'],
  ['markdown', 'text/markdown'],
  ['svg', 'image/svg+xml'],
  ['latex', 'text/latex'],
  ['javascript', 'application/javascript'],
] as const)
  steps(`%%${name} is shown`, `%%${name}\n<x>\ny`, { displayed: [{ [mime]: '<x>\ny' }] });
steps('%%script gives a cell to a program', '%%script python3 -\nprint(6 * 7)', { stdout: '42\n' });
steps('%%bash --out keeps what a script prints', ['%%bash --out printed\necho kept', 'printed'], {
  value: String.raw`'kept\n'`,
});

// Lines that begin with a magic
steps('%mkdir, %ls and others run commands', '%mkdir a\n%mkdir a/b\n%ls a\n%rmdir a/b', {
  stdout: 'b/\n',
});
steps('%uv pip lists packages', '%uv pip list', { stdout: /Package\s+Version/ });
steps('%set_env sets a variable', ['%set_env WORD=a b', '%env WORD'], { value: "'a b'" });
steps('%sx returns lines', 'lines = %sx printf "a\\nb"\nlines', { value: "['a', 'b']" });
steps('%lsmagic lists magics', '%lsmagic', { value: /%cd[\s\S]*%%bash/ });
steps(
  '%run runs a script, with arguments, and keeps its names',
  [
    '%%writefile script.py\nimport sys\nprint(__name__, sys.argv[1:])\nmade = 42',
    '%run script.py one "two three"\nmade',
  ],
  { stdout: "__main__ ['one', 'two three']\n", value: '42' },
);
steps(
  '%run -i runs a script with the names of the session',
  ['%%writefile uses.py\nprint(given + 1)', 'given = 6\n%run -i uses.py'],
  { stdout: '7\n' },
);
steps(
  '%who and %whos list names',
  ['%reset -f', 'number = 5\nwords = ["a", "b"]', '%who\n%whos'],
  { stdout: /^number\t words\n[\s\S]*number\s+int\s+5\n[\s\S]*words\s+list\s+n=2\n$/ },
  { own: {} },
);
steps(
  '%reset -f deletes the names and results of the session',
  ['kept = 1\nkept', '%reset -f', '[name in globals() for name in ("kept", "__name__")], len(Out)'],
  { value: '([False, True], 0)' },
  { own: {} },
);
steps(
  '%xdel deletes all names of a value',
  ['one = [1]\ntwo = one\none', '%xdel one', '"two" in globals(), [1] in Out.values()'],
  { value: '(False, False)' },
);
steps(
  '%autoreload 2 reloads a module that has changed',
  [
    '%load_ext autoreload\n%autoreload 2',
    '%%writefile reloaded.py\nLIMIT = 1\ndef f(): return "old"\nclass C:\n    def m(self): return "old"',
    'import reloaded\nfrom reloaded import f, C, LIMIT\nc = C()\nheld = [f]',
    '%%writefile reloaded.py\nLIMIT = 2\ndef f(): return "new"\nclass C:\n    def m(self): return "new"',
    'f(), held[0](), c.m(), C().m(), isinstance(c, reloaded.C), LIMIT',
  ],
  { value: "('new', 'new', 'new', 'new', True, 2)" },
  { own: {} },
);
steps('%pip? describes a magic', '%pip?', { stdout: /%pip[\s\S]*install/i });
steps('str.*find*? lists names', 'str.*find*?', { stdout: 'str.find\nstr.rfind\n' });

// Magics of the user
steps(
  'a line magic of the user runs',
  [
    'from IPython.core.magic import register_line_magic\n@register_line_magic\ndef twice(line): return line * 2',
    'n = 4\n%twice {n}',
  ],
  { value: "'44'" },
);
steps(
  'a cell magic of the user runs',
  [
    'from IPython.core.magic import register_cell_magic\n@register_cell_magic\ndef shout(line, cell): print(cell.upper(), end=line)',
    '%%shout !\nhello',
  ],
  { stdout: 'HELLO!' },
);
steps(
  'a class of magics runs',
  [
    'from IPython.core.magic import Magics, magics_class, line_cell_magic\n@magics_class\nclass M(Magics):\n    @line_cell_magic\n    def both(self, line, cell=None): return line, cell\nget_ipython().register_magics(M)',
    '%%both a\nb',
  ],
  { value: "('a', 'b')" },
);

// Earlier inputs and results
steps('_, __ and ___ are the last three results', ['1', '"two"', 'x = 5', '3', '_, __, ___'], {
  value: "(3, 'two', 1)",
});
flow('Out and In hold results and inputs by number', async (session) => {
  const { execution_count: number } = await session.run('40 + 2');
  const names = `Out[${number}], _${number}, In[${number}], _i`;
  expectResult(await session.run(names), { value: "(42, 42, '40 + 2', '40 + 2')" }, 'python');
});
steps('a result above 1 MiB is not held', [
  'class L(list): pass\nimport weakref\nl = L(range(500_000))\nr = weakref.ref(l)\nl;',
  'l',
  'del l\n0',
  'r()',
]);

// The shell
steps('run_cell runs a cell in a cell', 'r = get_ipython().run_cell("!echo a\\n5")\nr.result + 1', {
  stdout: 'a\n',
  displayed: [{ 'text/plain': '5' }],
  value: '6',
});
steps(
  'push, ev and ex share the names of the session',
  'ip = get_ipython()\nip.push({"pushed": 20})\nip.ex("doubled = pushed * 2")\nip.ev("doubled + 2"), doubled',
  { value: '(42, 40)' },
);
steps(
  'functions run before and after each cell',
  [
    'log = []\nget_ipython().events.register("pre_run_cell", lambda info: log.append(info.raw_cell))\nget_ipython().events.register("post_execute", lambda: log.append("after"))',
    '5;',
    'log[1:]',
  ],
  { value: "['5;', 'after', 'log[1:]']" },
  { own: {} },
);
steps('set_next_input shows the next input', 'get_ipython().set_next_input("x = 1")', {
  displayed: [{ 'text/plain': 'x = 1', metadata: { next_input: { replace: false } } }],
});
steps(
  'capture_output keeps what is displayed',
  'from IPython.utils.capture import capture_output\nwith capture_output() as c: display("x")\nc.outputs[0].data',
  { value: `{'text/plain': "'x'"}` },
);
steps('a cell magic below the first line fails with advice', '# list\n%%bash\nls', {
  error: { name: 'SyntaxError', message: /^%%bash is a cell magic: it must be the first line/ },
});
steps('%prun profiles a statement', ['def slow(): return sum(range(100))', '%prun slow()'], {
  stdout: /function calls[\s\S]*\(slow\)/,
});
steps(
  '%precision sets the digits of floats',
  ['%precision 3', '[1 / 3, {"a": 2 / 3}]'],
  {
    value: "[0.333, {'a': 0.667}]",
  },
  { own: {} },
);
steps(
  'lines of a command have fields and can be searched',
  'lines = !printf "b 2\\na 1\\n"\nlines.fields(1), lines.grep("a").n, lines.s',
  { value: "(['2', '1'], 'a 1', 'b 2 a 1')" },
);
steps(
  'a function of the user shows values of a type',
  [
    'class T: pass\nformatters = get_ipython().display_formatter.formatters\nformatters["text/html"].for_type(T, lambda value: "<b>T</b>")\nformatters["text/plain"].for_type(T, lambda value, p, cycle: p.text("a T"))\nNone',
    'display(T())\n[T()]',
  ],
  { displayed: [{ 'text/html': '<b>T</b>', 'text/plain': 'a T' }], value: '[a T]' },
  { own: {} },
);
steps(
  'ast_node_interactivity shows all values of a cell',
  [
    'from IPython.core.interactiveshell import InteractiveShell\nInteractiveShell.ast_node_interactivity = "all"',
    '1\nx = 2\nx',
  ],
  { displayed: [{ 'text/plain': '1' }], value: '2' },
  { own: {} },
);

// clear_output
const clear = 'from IPython.display import clear_output\n';
steps(
  'clear_output removes what was shown',
  `${clear}display(1)\ndisplay(2)\nclear_output()\ndisplay(3)`,
  { displayed: [{ 'text/plain': '3' }] },
);
steps(
  'clear_output with wait keeps the last thing that was shown',
  `${clear}for n in range(5):\n    display(n)\n    clear_output(wait=True)`,
  {
    displayed: [{ 'text/plain': '4' }],
  },
);
flow('clear_output is an event in its place', async (session) => {
  const { step_id } = await session.run(`${clear}print(1)\nclear_output(wait=True)\ndisplay(2)`);
  const events = await session.events(step_id);
  expect(events.map(({ type }) => type)).toEqual([
    'step_started',
    'stdout',
    'clear_output',
    'result',
    'step_ended',
  ]);
  expect(events[2]).toMatchObject({ wait: true });
});
flow('the last of many pictures of an animation is shown', async (session) => {
  const code = `${clear}for n in range(40):\n    clear_output(wait=True)\n    display({"text/html": f"{n:<1000000}"}, raw=True)`;
  const { results, truncated } = await session.run(code);
  expect(results.map((bundle) => String(bundle['text/html']).trim())).toEqual(['39']);
  expect(truncated.results).toBe(false);
});
