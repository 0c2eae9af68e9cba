import time
import unittest

from steppe_runtime.ipython.cells.cell_syntax import translate


class CellSyntaxTest(unittest.TestCase):
    def check(self, source: str, expected: str) -> None:
        self.assertEqual(translate(source).source, expected)

    def test_commands_and_magics(self):
        self.check("!ls -l", "__steppe_shell__.system('ls -l')")
        self.check("if x:\n    !echo don't", 'if x:\n    __steppe_shell__.system("echo don\'t")')
        self.check("files = !ls", "files = __steppe_shell__.getoutput('ls')")
        self.check("!!ls", "__steppe_shell__.getoutput('ls')")
        self.check("%cd  sub", "__steppe_shell__.run_line_magic('cd', 'sub')")
        self.check("t = %timeit -o f()", "t = __steppe_shell__.run_line_magic('timeit', '-o f()')")
        for line, magic, name in (
            ("len?", "pinfo", "len"),
            ("??a.b", "pinfo2", "a.b"),
            ("%pip?", "pinfo", "%pip"),
            ("%%bash ??", "pinfo2", "%%bash"),
            ("str.*find*?", "pinfo", "str.*find*"),
        ):
            self.check(line, f"__steppe_shell__.run_line_magic('{magic}', '{name}')")

    def test_targets_of_assignments(self):
        self.check("a.b['c'], d\t= !ls", "a.b['c'], d\t= __steppe_shell__.getoutput('ls')")

    def test_a_long_line_of_spaces_takes_no_time(self):
        spaces = " " * 100_000
        began = time.process_time()
        for source in (f"x{spaces}y\nz = = 5", f"{spaces}y\nz = = 5", f"x\n{spaces}y = {spaces}5"):
            translate(source)
        # With quadratic time it would take half a minute.
        self.assertLess(time.process_time() - began, 5)

    def test_line_numbers_stay(self):
        self.check("!a \\\n  b\nx", "__steppe_shell__.system('a   b')\n\nx")

    def test_code_that_is_indented_as_a_whole(self):
        self.check(
            "\n    if x:\n        y\n    !ls", "\nif x:\n    y\n__steppe_shell__.system('ls')"
        )

    def test_only_statements_begin_one(self):
        for source in (
            "x = '''\n!ls\n'''",
            "f(\n%a\n)",
            "x = 5 \\\n%3",
            "# (\ny = 10 % 3",
            "s = '%d'",
            "a != b",
            "x = a\nb %= 2",
        ):
            self.check(source, source)

    def test_strings_and_comments_before_are_skipped(self):
        self.check('s = "it\'s ("  # [\n!ls', "s = \"it's (\"  # [\n__steppe_shell__.system('ls')")

    def test_cell_magics(self):
        self.check(
            "\n%%bash\necho 1\n!x", "\n__steppe_shell__.run_cell_magic('bash', '', 'echo 1\\n!x')"
        )
        nested = translate("%%time\n%%capture out\nx")
        call = "__steppe_shell__.run_cell_magic('capture', 'out', 'x')"
        self.assertEqual((nested.source, nested.is_timed), (f"\n{call}", True))
        timed = translate("%%time\nx = 1\n!ls")
        self.assertEqual(
            (timed.source, timed.is_timed), ("\nx = 1\n__steppe_shell__.system('ls')", True)
        )
