import ast
import unittest

from steppe_runtime.execution.last_value import split_last_value


class LastValueTest(unittest.TestCase):
    def has_value(self, source: str) -> bool:
        return split_last_value(ast.parse(source), source)[1] is not None

    def test_the_last_expression_is_shown(self):
        for source in (
            "x",
            "y = 1; x",
            "f('a;b')",
            "x # ; not code",
            "'é;'",
            "(x\n)",
            "'''\n;'''",
            "x\n\n# end;\n",
        ):
            self.assertTrue(self.has_value(source), source)

    def test_a_semicolon_after_it_silences(self):
        for source in (
            "x;",
            "x ;  # why",
            "'é';",
            "(x\n) ;",
            "x \\\n;",
            "if 1: pass\nx;\n\n# end",
            "x;\r\n",
        ):
            self.assertFalse(self.has_value(source), source)

    def test_statements_have_no_value(self):
        for source in ("", "x = 1", "if x: y", "def f(): pass", "# only"):
            self.assertFalse(self.has_value(source), source)
