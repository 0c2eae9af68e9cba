import ast
import unittest
from unittest import mock

from steppe_runtime.execution import cell_source
from steppe_runtime.execution.cell_source import split_last_value


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


@mock.patch.object(cell_source, "OVERFLOWS", True)
class LongChainsTest(unittest.TestCase):
    def test_refuses_chains_that_overflow_a_stack(self):
        for link in ("+1", ".a", "()", "(1, 2)", "[0]", " or 1", "**-1"):
            with self.subTest(link), self.assertRaises(RecursionError):
                cell_source.refuse_long_chains("1" + link * 200_000)

    def test_takes_long_code_that_is_flat(self):
        element = "f(1 + 2, a.b['c']), "
        for code in (
            f"x = [{element * 20_000}]",
            "x = [\n" + "  -1,\n" * 50_000 + "]",
            "a = b.c(1)\n" * 20_000,
            f"x = '{'+' * 50_000}'",
            f'x = """{"+" * 50_000}"""',
            f"# {'+ ' * 50_000}",
            "x = {" + "'k': -1.5, " * 20_000 + "}",
            '"unclosed \n' * 5_000,
        ):
            with self.subTest(code[:20]):
                cell_source.refuse_long_chains(code)
