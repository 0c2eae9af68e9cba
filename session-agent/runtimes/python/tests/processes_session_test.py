"""multiprocessing and process pools in real workers."""

from __future__ import annotations

import os
import unittest

from tests.session_case import SessionCase


class MultiprocessingTest(SessionCase):
    def setUp(self):
        super().setUp()
        with open(os.path.join(self.agent.workspace, "helpers.py"), "w") as file:
            file.write("def square(n):\n    print('child', n)\n    return n * n\n")
        self.run_ok(
            "import multiprocessing as mp, helpers\n"
            "from concurrent.futures import ProcessPoolExecutor\n"
            "def cube(n): return n ** 3\nspawn = mp.get_context('spawn')"
        )

    def test_fork_is_the_default_and_finds_what_cells_define(self):
        self.assertEqual(self.run_ok("mp.get_start_method()").value, "'fork'")
        self.assertEqual(
            self.run_ok("with mp.Pool(2) as p: r = p.map(cube, range(4))\nr").value, "[0, 1, 8, 27]"
        )
        pool = "with ProcessPoolExecutor(2) as e: r = list(e.map(cube, range(4)))\nr"
        self.assertEqual(self.run_ok(pool).value, "[0, 1, 8, 27]")
        queue = (
            "q = mp.Queue()\n"
            "p = mp.Process(target=lambda: q.put(4));"
            " p.start(); v = q.get(); p.join(); v, p.exitcode"
        )
        self.assertEqual(self.run_ok(queue).value, "(4, 0)")

    def test_spawn_finds_modules_of_the_workspace(self):
        outcome = self.run_ok("with spawn.Pool(2) as p: r = p.map(helpers.square, range(3))\nr")
        self.assertEqual(outcome.value, "[0, 1, 4]")
        self.assertEqual(sorted(filter(str.isdigit, outcome.stdout)), ["0", "1", "2"])
        pool = (
            "with ProcessPoolExecutor(2, mp_context=spawn) as e:\n"
            "    r = list(e.map(helpers.square, range(3)))\nr"
        )
        self.assertEqual(self.run_ok(pool).value, "[0, 1, 4]")

    def test_spawn_of_what_a_cell_defines_explains_what_to_do(self):
        for code in (
            "with spawn.Pool(1) as p: p.map(cube, [1])",
            "with spawn.Pool(1) as p: p.apply_async(cube, (1,)).get()",
            "with spawn.Pool(1) as p: list(p.imap(cube, [1]))",
            "with ProcessPoolExecutor(1, mp_context=spawn) as e: list(e.map(cube, [1]))",
            "spawn.Process(target=cube, args=(1,)).start()",
            "class P(spawn.Process):\n    def run(self): pass\nP().start()",
            "class P: pass\nwith spawn.Pool(1) as p: p.map(helpers.square, [P()])",
            "with spawn.Pool(1) as p: p.starmap(helpers.square, [(P(),)])",
            "with spawn.Pool(1) as p: p.apply(helpers.square, (P(),))",
            "spawn.Process(target=helpers.square, args=(P(),)).start()",
        ):
            with self.subTest(code):
                error = self.run_failing(code, "PicklingError").error
                self.assertRegex(
                    error["message"],
                    "(cube|P) is defined in a step.*module of the workspace.*'fork'",
                )
                self.assertNotIn("steppe_runtime", "\n".join(error["traceback"]))

    def test_interrupting_a_pool_leaves_no_process(self):
        code = (
            "import time\ndef long(n): print('started'); time.sleep(60)\n"
            "with mp.Pool(2) as p: p.map(long, [1, 2])"
        )
        step = self.agent.start(code)
        self.wait_for_output(step, "started")
        self.agent.interrupt(step)
        self.assertEqual(self.agent.finish(step).status, "interrupted")
        self.assertEqual(self.run_ok("mp.active_children()").value, "[]")


if __name__ == "__main__":
    unittest.main()
