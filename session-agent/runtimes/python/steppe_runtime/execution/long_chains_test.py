import unittest
from unittest import mock

from steppe_runtime.execution import long_chains


@mock.patch.object(long_chains, "OVERFLOWS", True)
class LongChainsTest(unittest.TestCase):
    def test_refuses_chains_that_overflow_a_stack(self):
        for link in ("+1", ".a", "()", "(1, 2)", "[0]", " or 1", "**-1"):
            with self.subTest(link), self.assertRaises(RecursionError):
                long_chains.refuse_long_chains("1" + link * 200_000)

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
                long_chains.refuse_long_chains(code)
