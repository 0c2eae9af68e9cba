"""Variables that an interpreter reads at its start: the worker continues as a fresh interpreter."""

from __future__ import annotations

import os
import unittest

from tests.session_case import SessionCase


class FreshInterpreterTest(SessionCase):
    def library(self) -> str:
        folder = os.path.join(self.agent.workspace, "lib")
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "of_lib.py"), "w") as file:
            file.write("value = 'found'\n")
        return folder

    def respawn(self, env: dict) -> dict:
        self.agent.kill()
        return self.agent.spawn(env=env)

    def test_at_spawn(self):
        self.respawn(
            {
                "PYTHONPATH": self.library(),
                "PYTHONHASHSEED": "1",
                "OMP_NUM_THREADS": "3",
                "MINE": "é\n",
            }
        )
        self.assertEqual(self.run_ok("import of_lib; of_lib.value").value, "'found'")
        self.assertEqual(
            self.run_ok("import sys; sys.flags.hash_randomization, sys.argv").value, "(1, [''])"
        )
        self.assertEqual(
            self.run_ok("import os; os.environ['OMP_NUM_THREADS'], os.environ['MINE']").value,
            "('3', 'é\\n')",
        )
        self.assertEqual(
            self.run_ok("sys.path[0], [p for p in sys.path if 'runtimes' in p]").value, "('', [])"
        )
        found = (
            "import subprocess\n"
            "subprocess.run([sys.executable, '-c', 'import"
            " of_lib; print(of_lib.value)'], check=True);"
        )
        self.assertEqual(self.run_ok(found).stdout, "found\n")

    def test_modules_of_the_workspace_do_not_reach_the_driver(self):
        with open(os.path.join(self.agent.workspace, "json.py"), "w") as file:
            file.write("raise ImportError('not yours')\n")
        self.respawn({"PYTHONHASHSEED": "1"})
        self.assertEqual(self.run_ok("1").value, "1")

    def test_an_interpreter_that_cannot_start_is_reported(self):
        self.agent.kill()
        self.agent.epoch += 1
        self.agent.open_pipes()
        env = {"PYTHONHOME": "/nowhere"}
        self.agent.tell_supervisor(
            {"type": "spawn", "epoch": self.agent.epoch, "env": env, "memory_bytes": None}
        )
        ended = self.agent.take("exit", epoch=self.agent.epoch)
        self.assertEqual(
            (ended["reason"], ended["detail"]),
            ("spawn_failed", "the interpreter exited before it was ready"),
        )

    def test_without_them_the_worker_is_forked(self):
        self.respawn({"MPLBACKEND": "agg", "MINE": "1"})
        with open(f"/proc/{self.run_ok('import os; os.getpid()').value}/cmdline", "rb") as line:
            self.assertIn(b"supervisor.py", line.read())


if __name__ == "__main__":
    unittest.main()
