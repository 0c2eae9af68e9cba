"""What notebooks expect of IPython, in a real worker, with an installed IPython and without."""

from __future__ import annotations

import unittest

from tests.session_case import SessionCase


class NotebooksTest(SessionCase):
    def bundles(self, code: str) -> list[dict]:
        return [frame["bundle"] for frame in self.run_ok(code).displays]

    def test_earlier_results(self):
        first = int(self.run_ok("get_ipython().execution_count").value) + 1
        self.run_ok("10 + 1")
        self.run_ok("'two'")
        self.run_ok("x = 3")
        self.run_ok("[4]")
        self.assertEqual(self.run_ok("_, __, ___").value, "([4], 'two', 11)")
        code = f"_{first}, Out[{first + 1}]"
        self.assertEqual(self.run_ok(code).value, "(11, 'two')")
        self.assertEqual(
            self.run_ok(f"_i, _ii, _i{first}").value, f"({code!r}, '_, __, ___', '10 + 1')"
        )
        self.assertEqual(
            self.run_ok(f"In[{first}], In[-1][:2], In[-2][:2]").value, "('10 + 1', 'In', '_i')"
        )
        self.assertEqual(self.run_ok(f"len(In) - {first}").value, "9")
        self.assertEqual(
            self.run_ok(f"[n - {first} for n in Out if n >= {first}]").value,
            "[0, 1, 3, 4, 5, 6, 7, 8]",
        )
        self.run_failing(f"_{first + 2}", "NameError")

    def test_a_rehearsed_step_is_forgotten(self):
        for _ in range(2):
            outcome = self.run_ok("print()\ndisplay(0)", is_rehearsed=True)
            self.assertEqual((outcome.stdout, len(outcome.displays)), ("\n", 1))
        names = "'_' in dir(__builtins__), [name for name in linecache.cache if '<step 0>' in name]"
        self.assertEqual(
            self.run_ok(f"import linecache; In[0], 0 in Out, {names}").value,
            "('', False, False, [])",
        )

    def test_large_results_are_not_held(self):
        self.run_ok("import weakref\nclass Large(list): pass\nlarge = Large(range(300_000))")
        self.run_ok("alive = weakref.ref(large)\nlarge")
        self.run_ok("del large\n1")
        self.assertEqual(self.run_ok("alive() is None").value, "True")
        self.run_failing("Out[get_ipython().execution_count - 3]", "KeyError")
        self.run_failing("___", "NameError")

    def test_a_built_in_name_of_the_user_stays(self):
        self.run_ok("import builtins\nbuiltins._ = str.upper")
        self.run_ok("5")
        self.assertEqual(
            self.run_ok("_('a'), Out[get_ipython().execution_count - 1]").value, "('A', 5)"
        )

    def test_capture(self):
        outcome = self.run_ok("%%capture got\nprint('out')\ndisplay(1)\n{'a': 2}")
        self.assertEqual((outcome.stdout, outcome.displays), ("", []))
        self.assertEqual(self.run_ok("got.stdout[:4], len(got.outputs)").value, r"('out\n', 2)")
        self.assertEqual(self.bundles("got.outputs[1].display()"), [{"text/plain": "{'a': 2}"}])
        self.assertEqual(self.run_ok("got()").stdout[:4], "out\n")
        self.run_ok("%%capture got\n!echo of a command; echo e >&2")
        self.assertEqual(self.run_ok("got.stdout, got.stderr").value, r"('of a command\n', 'e\n')")
        self.run_ok("%%capture got\n%cat /proc/sys/kernel/ostype")
        self.assertEqual(self.run_ok("got.stdout").value, r"'Linux\n'")
        outcome = self.run_ok("%%capture --no-stdout --no-display\nprint('out')\ndisplay(1)")
        self.assertEqual((outcome.stdout, len(outcome.displays)), ("out\n", 1))
        failed = self.run_failing("%%capture got\nprint(1)\n1 / 0", "ZeroDivisionError")
        self.assertIn(", line 3", "\n".join(failed.error["traceback"]))
        self.assertEqual(self.run_ok("got.stdout").value, r"'1\n'")
        self.run_ok("%%capture got\nimport asyncio\nawait asyncio.sleep(0)\nprint(2)")
        self.assertEqual(self.run_ok("got.stdout").value, r"'2\n'")

    def test_magics_within_magics(self):
        outcome = self.run_ok("%%time\n%%capture got\nprint(1)\n1 + 1")
        self.assertRegex(outcome.stdout, "^CPU times")
        self.run_ok("%%capture got\n%%time\nprint(2)")
        self.assertRegex(self.run_ok("got.stdout").value, r"^'2\\nCPU times")
        message = self.run_failing("%capture got", "UsageError").error["message"]
        self.assertIn("did you mean %%capture?", message)

    def test_capture_output(self):
        code = (
            "from IPython.utils.capture import capture_output\n"
            "with capture_output() as c:\n    display('shown', display_id='d'); print('out')\n"
            "c.outputs[0].data, c.outputs[0].transient, c.stdout"
        )
        expected = r"""({'text/plain': "'shown'"}, {'display_id': 'd'}, 'out\n')"""
        self.assertEqual(self.run_ok(code).value, expected)
        self.assertEqual(len(self.bundles("from IPython.utils.io import capture_output\n5")), 1)

    def test_cells_of_other_kinds(self):
        for name, mime in (
            ("html", "text/html"),
            ("markdown", "text/markdown"),
            ("svg", "image/svg+xml"),
            ("latex", "text/latex"),
            ("javascript", "application/javascript"),
        ):
            self.assertEqual(self.bundles(f"%%{name}\n<a>\nb")[0][mime], "<a>\nb")

    def test_scripts(self):
        self.assertEqual(self.run_ok("%%script bash\necho $((1 + 1))").stdout, "2\n")
        self.run_ok("%%bash --out printed --err errors\necho a; echo b >&2")
        self.assertEqual(self.run_ok("printed, errors").value, r"('a\n', 'b\n')")
        self.assertEqual(self.run_ok("%%python\nprint(6 * 7)").stdout, "42\n")
        self.run_failing("%%script false\n", "CalledProcessError")
        self.run_ok("%%script --no-raise-error false\n")
        self.run_failing("%%script\nx", "UsageError")

    def test_commands(self):
        self.run_ok("%mkdir sub\nname = 'a.txt'")
        self.run_ok("%%writefile sub/{name}\none")
        self.run_ok("%%writefile -a sub/a.txt\ntwo\n")
        self.assertEqual(self.run_ok("%cat sub/$name").stdout, "one\ntwo\n")
        self.run_ok("%cp sub/a.txt sub/b.txt\n%mv sub/b.txt sub/c.txt\n%rm sub/a.txt")
        self.assertEqual(self.run_ok("%ls sub").stdout, "c.txt\n")
        self.assertEqual(self.run_ok("n = %sx ls sub\nn").value, "['c.txt']")
        self.assertEqual(self.run_ok("%set_env B=2\n%env B").value, "'2'")

    def test_magics_of_the_user(self):
        self.run_ok(
            "from IPython.core.magic import register_line_magic, register_cell_magic\n"
            "from IPython.core.magic import register_line_cell_magic\n"
            "@register_line_magic\ndef twice(line): return line * 2\n"
            "@register_cell_magic('shout')\ndef f(line, cell): return cell.upper() + line\n"
            "@register_line_cell_magic\ndef both(line, cell=None): return cell or line\n"
            "n = 5"
        )
        self.assertEqual(self.run_ok("%twice {n}a").value, "'5a5a'")
        self.assertEqual(self.run_ok("x = %twice b\nx").value, "'bb'")
        self.assertEqual(self.run_ok("%%shout $n\nabc").value, "'ABC5'")
        self.assertEqual(self.run_ok("%both x").value, "'x'")
        self.assertEqual(self.run_ok("%%both\ny").value, "'y'")
        self.assertIn("%%shout", repr(self.run_ok("%lsmagic").value))
        self.run_ok("get_ipython().register_magic_function(lambda line: len(line), 'line', 'size')")
        self.assertEqual(self.run_ok("%size abc").value, "3")

    def test_a_class_of_magics(self):
        self.run_ok(
            "from IPython.core.magic import Magics, magics_class, line_magic, cell_magic\n"
            "from IPython.core.magic import needs_local_scope\n"
            "from IPython.core.magic_arguments import argument, magic_arguments, parse_argstring\n"
            "@magics_class\nclass Mine(Magics):\n"
            "    @line_magic\n"
            "    def first(self, line): return (line, self.shell is get_ipython())\n"
            "    @needs_local_scope\n    @cell_magic\n"
            "    def second(self, line, cell, local_ns=None): return cell, 'Mine' in local_ns\n"
            "    @magic_arguments()\n    @argument('-n', type=int, default=1)\n"
            "    @argument('word')\n"
            "    @line_magic\n    def third(self, line):\n"
            "        args = parse_argstring(self.third, line)\n        return args.word * args.n\n"
            "get_ipython().register_magics(Mine)"
        )
        self.assertEqual(self.run_ok("%first a b").value, "('a b', True)")
        self.assertEqual(self.run_ok("%%second\nx").value, "('x', True)")
        self.assertEqual(self.run_ok("%third -n 3 x").value, "'xxx'")

    def test_the_shell(self):
        self.run_ok("shell = get_ipython()\nshell.push({'a': 5})")
        self.assertEqual(self.run_ok("a, shell.ev('a + 1'), shell.user_ns['a']").value, "(5, 6, 5)")
        self.run_ok("shell.ex('b = a * 2')")
        outcome = self.run_ok("r = shell.run_cell('print(b)\\n!echo cmd\\nb + 1')\n")
        self.assertEqual(outcome.stdout, "10\ncmd\n")
        self.assertEqual([frame["bundle"] for frame in outcome.displays], [{"text/plain": "11"}])
        self.assertEqual(self.run_ok("r.success, r.result").value, "(True, 11)")
        failed = self.run_ok("r = shell.run_cell('1 / 0')\nr.success, type(r.error_in_exec)")
        self.assertIn("ZeroDivisionError", failed.stderr)
        self.assertEqual(failed.value, "(False, <class 'ZeroDivisionError'>)")
        self.assertEqual(self.run_ok("shell.run_line_magic('sx', 'echo $a')").value, "['5']")
        self.assertEqual(self.run_ok("shell.run_cell_magic('sx', '', 'echo 1')").value, "['1']")
        self.assertEqual(self.run_ok("shell.getoutput('echo 1')").value, "['1']")
        bundle = self.bundles("shell.set_next_input('x = 1')")[0]
        self.assertEqual(bundle["text/plain"], "x = 1")

    def test_events(self):
        self.run_ok(
            "log = []\nevents = get_ipython().events\n"
            "events.register('pre_execute', lambda: log.append('before'))\n"
            "events.register('pre_run_cell', lambda info: log.append(info.raw_cell))\n"
            "events.register('post_run_cell', lambda result: log.append(result.result))"
        )
        self.run_ok("log.clear()\n5")
        self.run_failing("1 / 0", "ZeroDivisionError")
        self.assertEqual(self.run_ok("log").value, "[5, 'before', '1 / 0', None, 'before', 'log']")
        self.run_ok("def bad(): 1 / 0\nevents.register('post_execute', bad)")
        self.assertIn("Error in callback", self.run_ok("5").stderr)
        self.run_ok("events.unregister('post_execute', bad)")
        self.assertEqual(self.run_ok("5").stderr, "")

    def test_names_of_the_user(self):
        self.run_ok("%reset -f")
        self.assertEqual(self.run_ok("%who").stdout, "Interactive namespace is empty.\n")
        self.run_ok("a = 5\nb = [1, 2]\nc = b\n_hidden = 1")
        self.assertEqual(self.run_ok("%who").stdout, "a\t b\t c\n")
        self.assertEqual(self.run_ok("%who list").stdout, "b\t c\n")
        self.assertEqual(
            self.run_ok("%whos").stdout.splitlines()[2:],
            ["a          int    5", "b          list   n=2", "c          list   n=2"],
        )
        self.run_ok("b")
        self.run_ok("%xdel b")
        self.assertEqual(self.run_ok("%who_ls").value, "['a']")
        self.assertEqual(self.run_ok("[1, 2] in Out.values()").value, "False")
        self.run_failing("%reset", "UsageError")
        self.run_ok("%reset_selective -f ^a")
        self.run_failing("a", "NameError")
        self.run_ok("8")
        self.run_ok("%reset -f")
        self.run_failing("_", "NameError")
        self.assertEqual(self.run_ok("__name__").value, "'__main__'")

    def test_a_script_runs(self):
        self.run_ok(
            "%%writefile script.py\n"
            "import sys\nprint(__name__, sys.argv[1:])\nmade = 7\nclass K: pass\n"
            "if __name__ == '__main__':\n    import pickle; pickle.dumps(K())\n"
            "if 'fail' in sys.argv: sys.exit(3)\n"
        )
        outcome = self.run_ok("n = 4\n%run script.py {n} 'b c'")
        self.assertEqual(outcome.stdout, "__main__ ['4', 'b c']\n")
        self.assertEqual(self.run_ok("made, K.__module__, n").value, "(7, '__main__', 4)")
        self.run_failing("%run script.py fail", "SystemExit")
        self.run_ok("%run -e script fail")
        self.assertEqual(self.run_ok("%run -n script.py").stdout, "script []\n")
        self.run_ok("%%writefile uses.py\nprint(n + 1)\nn = 50")
        self.run_failing("%run uses.py", "NameError")
        self.assertEqual(self.run_ok("%run -i uses.py").stdout, "5\n")
        self.assertEqual(self.run_ok("n").value, "50")
        self.run_failing("%run missing.py", "FileNotFoundError")

    def test_changed_modules_are_reloaded(self):
        self.run_ok(
            "%%writefile changing.py\n"
            "LIMIT = 1\ndef f(): return 1\ndef gone(): pass\n"
            "class Base:\n    def who(self): return 'base'\n"
            "class C(Base):\n    def who(self): return 'old ' + super().who()\n"
        )
        self.run_ok(
            "%load_ext autoreload\n%autoreload 2\nimport changing\n"
            "from changing import f, C as Renamed, LIMIT\nheld = [f]\nc = Renamed()\n"
            "class Sub(Renamed): pass\nsub = Sub()"
        )
        self.run_ok(
            "%%writefile changing.py\n"
            "LIMIT = 2\ndef f(): return 2\ndef added(): return 3\n"
            "class Base:\n    def who(self): return 'base'\n"
            "class C(Base):\n    def who(self): return 'new ' + super().who()\n"
            "    def more(self): return 4\n"
        )
        code = "f(), held[0](), changing.f(), changing.added(), LIMIT"
        self.assertEqual(self.run_ok(code).value, "(2, 2, 2, 3, 2)")
        code = "c.who(), sub.who(), c.more(), Renamed().who()"
        self.assertEqual(self.run_ok(code).value, "('new base', 'new base', 4, 'new base')")
        code = "isinstance(c, changing.C), Renamed is changing.C, hasattr(changing, 'gone')"
        self.assertEqual(self.run_ok(code).value, "(True, True, False)")
        self.run_ok("%%writefile changing.py\ndef f(: return 3\n")
        outcome = self.run_ok("f()")
        self.assertEqual(outcome.value, "2")
        self.assertIn("autoreload of changing failed", outcome.stderr)
        self.assertEqual(self.run_ok("f()").stderr, "")
        self.run_ok("%%writefile changing.py\ndef f(): return 30\n")
        self.assertEqual(self.run_ok("f(), held[0]()").value, "(30, 30)")
        self.run_ok("%autoreload 0")
        self.run_ok("%%writefile changing.py\ndef f(): return 4\n")
        self.assertEqual(self.run_ok("f()").value, "30")
        self.run_ok("%autoreload")
        self.assertEqual(self.run_ok("f()").value, "4")

    def test_help_with_magics_and_patterns(self):
        self.assertIn("Runs a script", self.run_ok("%run?").stdout)
        self.assertIn("Runs a script", self.run_ok("run?").stdout)
        self.assertIn("%%capture", self.run_ok("%%capture?").stdout)
        self.assertEqual(self.run_ok("str.*find*?").stdout, "str.find\nstr.rfind\n")
        self.run_ok("def documented():\n    '''Words.'''\n    return 5")
        self.assertEqual(self.run_ok("documented?").stdout, "documented()\nWords.\n")
        self.assertIn("return 5", self.run_ok("documented??").stdout)

    def test_functions_that_show_types(self):
        self.run_ok(
            "class T:\n    def __init__(self, n): self.n = n\n"
            "formatters = get_ipython().display_formatter.formatters\n"
            "formatters['text/html'].for_type(T, lambda value: f'<b>{value.n}</b>')\n"
            "formatters['text/plain'].for_type(T, lambda value, p, cycle: p.text(f'T{value.n}'))"
        )
        self.assertEqual(self.bundles("T(5)")[0]["text/html"], "<b>5</b>")
        self.assertEqual(
            self.bundles("class U(T): pass\n[T(1), U(2)]")[0]["text/plain"], "[T1, T2]"
        )
        self.run_ok("formatters['text/html'].for_type_by_name('decimal', 'Decimal', str)")
        self.assertEqual(
            self.bundles("import decimal; decimal.Decimal('1.5')")[0]["text/html"], "1.5"
        )
        self.assertEqual(self.bundles("{'a': 1}")[0], {"text/plain": "{'a': 1}"})
        self.run_ok("formatters['text/html'].pop(T)")
        self.assertNotIn("text/html", self.bundles("T(5)")[0])

    def test_precision(self):
        self.assertEqual(self.run_ok("%precision 2").value, "'%.2f'")
        self.assertEqual(self.run_ok("1/3, {'a': [2/3]}").value, "(0.33, {'a': [0.67]})")
        self.assertEqual(self.run_ok("%precision %.1e\n1234.5").value, "1.2e+03")
        self.assertEqual(self.run_ok("%precision").value, "'%r'")
        self.assertEqual(self.run_ok("0.1 + 0.2").value, "0.30000000000000004")

    def test_profiles(self):
        self.run_ok("def slow(): return sum(range(1000))")
        self.assertIn("slow", self.run_ok("%prun -s cumtime slow()").stdout)
        self.assertIn("Stats", self.run_ok("%%prun -q -r\nslow()\nx = slow()").value)
        self.assertEqual(self.run_ok("%prun -q y = slow()").stdout, "")
        self.assertEqual(self.run_ok("x == y").value, "True")
        for step in ("%prun slow()", "%%prun\nslow()"):
            self.assertNotIn("profiling.py", self.run_ok(step).stdout)

    def test_lines_of_commands(self):
        self.run_ok("lines = !printf 'b 2\\na 1\\n'")
        self.assertEqual(
            self.run_ok("lines.fields(1), lines.grep('a').n").value, "(['2', '1'], 'a 1')"
        )

    def test_all_values_of_a_cell_are_shown(self):
        self.run_ok(
            "from IPython.core.interactiveshell import InteractiveShell\n"
            "InteractiveShell.ast_node_interactivity = 'all'"
        )
        outcome = self.run_ok("1\nx = 2\nNone\nfor n in range(2): n\n'three'\n4")
        texts = [frame["bundle"]["text/plain"] for frame in outcome.displays]
        self.assertEqual((texts, outcome.value), (["1", "'three'", "4"], "4"))
        self.assertEqual(
            len(self.run_ok("import asyncio\nawait asyncio.sleep(0, 1)\n2").displays), 2
        )
        self.run_ok("get_ipython().ast_node_interactivity = 'last_expr_or_assign'")
        self.assertEqual(self.run_ok("y = 5").value, "5")
        self.run_ok("InteractiveShell.ast_node_interactivity = 'none'")
        self.assertEqual(self.run_ok("5").displays, [])
        self.run_ok("%config InteractiveShell.ast_node_interactivity = 'last_expr'")
        self.assertEqual(len(self.run_ok("1\n5").displays), 1)


class NotebooksWithoutIPythonTest(NotebooksTest):
    """As if IPython were not installed."""

    def setUp(self):
        super().setUp()
        hide = (
            "import sys\nfinders = sys.meta_path[:]\n"
            "class Hide:\n"
            "    @staticmethod\n"
            "    def find_spec(name, path=None, target=None):\n"
            "        if name.partition('.')[0] in ('IPython', 'matplotlib_inline'):\n"
            "            return finders[-1].find_spec(name, path, target)\n"
            "sys.meta_path.insert(0, Hide)"
        )
        self.run_ok(f"exec({hide!r}, {{}})")


if __name__ == "__main__":
    unittest.main()
