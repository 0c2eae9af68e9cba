"""`!command` and `%magic` in a real worker."""

from __future__ import annotations

import os
import time
import unittest

from tests.session_case import SessionCase


class MagicsTest(SessionCase):
    def test_commands(self):
        self.assertEqual(
            self.run_ok("name = 'n'\nfor i in range(2):\n    !echo {name}{i} $name").stdout,
            "n0 n\nn1 n\n",
        )
        self.assertEqual(self.run_ok("def f(local):\n    !echo {local}\nf(7)").stdout, "7\n")
        self.assertEqual(self.run_ok("x = !printf 'a\\nb'\nx").value, "['a', 'b']")
        self.assertEqual(self.run_ok("!false\n_exit_code").value, "1")
        self.assertEqual(self.run_ok("!echo e >&2").stderr, "e\n")

    def test_a_command_is_interrupted_with_its_children(self):
        step = self.agent.start("!echo started; sleep 300; echo never")
        self.wait_for_output(step, "started")
        began = time.monotonic()
        self.agent.interrupt(step)
        self.assertEqual(self.agent.finish(step).status, "interrupted")
        self.assertLess(time.monotonic() - began, 2)
        self.assertEqual(self.run_ok("n = !pgrep -c -g 0 sleep\nn").value, "['0']")

    def test_bash_cells(self):
        self.assertEqual(self.run_ok("%%bash\nfor i in 1 2; do echo $i; done").stdout, "1\n2\n")
        self.assertEqual(
            self.run_failing("%%bash\nexit 3", "CalledProcessError").error["message"].count("3"), 1
        )

    def test_arguments_of_bash_cells(self):
        self.assertEqual(self.run_ok("%%bash -s a 'b c'\necho $1/$2/$#").stdout, "a/b c/2\n")
        self.assertEqual(
            self.run_failing("%%bash -e\nfalse\necho on", "CalledProcessError").stdout, ""
        )

    def test_folder_and_environment(self):
        self.run_ok("import os; os.mkdir('sub')")
        outcome = self.run_ok("%cd sub")
        self.assertEqual(
            outcome.stdout, os.path.join(os.path.realpath(self.agent.workspace), "sub") + "\n"
        )
        self.assertEqual(self.run_ok("%env A=1 2").stdout, "env: A=1 2\n")
        self.assertEqual(
            self.run_ok("os.environ['A'], os.path.basename(os.getcwd())").value, "('1 2', 'sub')"
        )

    def test_times(self):
        outcome = self.run_ok("%time y = sum(range(10))\n%time y + 1")
        self.assertEqual((outcome.value, outcome.stdout.count("Wall time")), ("46", 2))
        outcome = self.run_ok("%%time\nimport asyncio\nawait asyncio.sleep(0)\ny")
        self.assertEqual((outcome.value, outcome.stdout.count("Wall time")), ("45", 1))
        self.assertIn(
            "per loop (mean ± std. dev. of 2 runs, 10 loops each)",
            self.run_ok("%timeit -n 10 -r2 y + 1").stdout,
        )
        quiet = self.run_ok(
            "t = %timeit -q -o -n 10 -r 2 y + 1\n"
            "(t.loops, t.repeat, 0 < t.best <= t.average <= t.worst)"
        )
        self.assertEqual((quiet.value, quiet.stdout), ("(10, 2, True)", ""))
        self.assertIn("10 loops each", self.run_ok("t").value)

    def test_times_of_awaited_code(self):
        self.run_ok("import asyncio\nasync def f(n):\n    await asyncio.sleep(0)\n    return n")
        for code in ("%time await f(5)", "%time x = await f(5)\nx", "x = %time await f(5)\nx"):
            outcome = self.run_ok(code)
            self.assertEqual((outcome.value, outcome.stdout.count("Wall time")), ("5", 1), code)
        self.run_failing("%time await = 5", "SyntaxError")

    def test_code_calls_the_shell(self):
        self.assertEqual(self.run_ok("get_ipython().magic('matplotlib inline')").stdout, "")
        self.assertEqual(
            self.run_ok("get_ipython().magic('%env A=1')\n!echo $A").stdout, "env: A=1\n1\n"
        )

    def test_help(self):
        self.assertIn("Return the number of items", self.run_ok("len?").stdout)
        self.assertEqual(self.run_ok("?no.such").stdout, "Object `no.such` not found.\n")

    def test_an_unknown_magic_lists_the_known_ones(self):
        self.assertEqual(self.run_ok("%matplotlib inline").stdout, "")
        outcome = self.run_failing("%no_such thing", "UsageError")
        self.assertIn("%no_such", outcome.error["message"])
        self.assertNotIn("steppe_runtime", "\n".join(outcome.error["traceback"]))
        self.run_failing("%%no_such\nx", "UsageError")
        self.run_failing("x = = 1\n!ls", "SyntaxError")


if __name__ == "__main__":
    unittest.main()
