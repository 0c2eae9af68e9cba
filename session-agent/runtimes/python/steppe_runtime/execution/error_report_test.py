import sys
import unittest

from steppe_runtime.execution.error_report import describe_error


def _raised(code: str) -> BaseException:
    try:
        exec(compile(code, "<step 1>", "exec"), {})
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


class ErrorReportTest(unittest.TestCase):
    def test_name_message_and_lines_without_newlines(self):
        error = describe_error(_raised("raise KeyError('k')"))
        self.assertEqual((error["name"], error["message"]), ("KeyError", "'k'"))
        self.assertEqual(error["traceback"][-1], "KeyError: 'k'")
        self.assertFalse([line for line in error["traceback"] if "\n" in line or "\x1b" in line])

    def test_an_error_without_frames_has_no_heading(self):
        self.assertEqual(describe_error(ValueError("x"))["traceback"], ["ValueError: x"])

    def test_the_code_of_an_exit_is_its_message(self):
        self.assertEqual(
            [describe_error(SystemExit(code))["message"] for code in (None, 2, "bye")],
            ["0", "2", "bye"],
        )

    def test_groups_and_causes_are_reported(self):
        error = _raised(
            "try:\n    1 / 0\nexcept Exception as e:\n    raise OSError('outer') from e"
        )
        text = "\n".join(describe_error(error)["traceback"])
        self.assertIn("ZeroDivisionError", text)
        self.assertIn("direct cause", text)
        if "ExceptionGroup" in dir(__builtins__):
            group = _raised("raise ExceptionGroup('g', [ValueError('one'), KeyError('two')])")
            self.assertIn("ValueError: one", "\n".join(describe_error(group)["traceback"]))

    def test_a_deep_recursion_shows_its_innermost_frames(self):
        code = (
            "import sys\nsys.setrecursionlimit(9000)\ndef f(n):\n"
            "    if n: f(n - 1)\n    else: 1 / 0\nf(6000)"
        )
        self.addCleanup(sys.setrecursionlimit, sys.getrecursionlimit())
        text = "\n".join(describe_error(_raised(code))["traceback"])
        self.assertIn("Previous line repeated 4996 more times", text)
        self.assertIn("line 5, in f", text)

    def test_an_exception_that_cannot_be_described_is_still_named(self):
        class Unnamed(type):
            @property
            def __name__(cls):
                raise RuntimeError

        class Hostile(SyntaxError, metaclass=Unnamed):
            def __str__(self):
                raise SystemExit

            __traceback__ = text = property(__str__)

        self.assertEqual(describe_error(Hostile())["name"], "Hostile")
