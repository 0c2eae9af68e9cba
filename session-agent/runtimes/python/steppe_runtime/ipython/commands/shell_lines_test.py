import os
import unittest

from steppe_runtime.ipython.commands.shell_lines import ShellLines

_LINES = ShellLines(["b 10 x", "a 9 X", "c 100"])


class ShellLinesTest(unittest.TestCase):
    def test_lines_as_texts(self):
        self.assertEqual((_LINES.n, _LINES.s), ("b 10 x\na 9 X\nc 100", "b 10 x a 9 X c 100"))
        self.assertEqual([str(path) for path in ShellLines([os.sep, "/none"]).p], [os.sep])

    def test_grep(self):
        self.assertEqual(_LINES.grep("x"), ["b 10 x", "a 9 X"])
        self.assertEqual(_LINES.grep("x", prune=True), ["c 100"])
        self.assertEqual(_LINES.grep("0", field=1), ["b 10 x", "c 100"])
        self.assertEqual(_LINES.grep(lambda line: line.startswith("c")).n, "c 100")

    def test_fields(self):
        self.assertEqual(_LINES.fields(0), ["b", "a", "c"])
        self.assertEqual(_LINES.fields(2, 0), ["x b", "X a", "c"])
        self.assertEqual(_LINES.fields()[2], ["c", "100"])

    def test_sort(self):
        self.assertEqual(_LINES.sort(1, nums=True), ["a 9 X", "b 10 x", "c 100"])
        self.assertEqual(_LINES.sort(), ["a 9 X", "b 10 x", "c 100"])
