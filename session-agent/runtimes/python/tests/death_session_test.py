"""Exits of real workers and supervisors: they must leave nothing behind."""

from __future__ import annotations

import signal
import time
import unittest

from tests.fake_agent import FakeAgent
from tests.session_case import SessionCase, descendants, is_alive


class DeathTest(SessionCase):
    def assert_only_supervisor_left(self):
        self.assertEqual(self.agent.session_pids(), [self.agent.process.pid])

    def test_code_and_signal_are_reported_and_a_new_epoch_starts(self):
        for code, expected in (
            ("import os; print('last'); os._exit(3)", (3, None)),
            ("import ctypes; ctypes.string_at(0)", (None, "SIGSEGV")),
            ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", (None, "SIGKILL")),
        ):
            with self.subTest(code):
                self.agent.start(code)
                ended = self.agent.take("exit", epoch=self.agent.epoch)
                self.assertEqual((ended["code"], ended["signal"]), expected)
                self.assertIsNone(ended["reason"])
                self.assert_only_supervisor_left()
                self.agent.spawn()
        self.assertEqual(self.run_ok("1").value, "1")

    def test_no_descendant_survives(self):
        self.run_ok(
            "import os, subprocess, sys\nfor _ in range(3):\n"
            "    subprocess.Popen(['sleep', '300'])\n"
            "subprocess.Popen(['setsid', 'sh', '-c', 'sleep 300 & sleep 300'], env={})\n"
            "subprocess.Popen(['sh', '-c', 'trap \"\" TERM INT HUP; (setsid sleep 300 &)'])\n"
            "if os.fork() == 0:\n    os.setsid()\n    if os.fork() == 0:\n"
            "        __import__('time').sleep(300)\n    os._exit(0)"
        )
        # The worker, six processes that sleep and a grandchild; one shell more if it waits for its
        # last command instead of becoming it.
        self.agent.wait(lambda: len(descendants(self.agent.process.pid)) >= 8, "the last child")
        before = descendants(self.agent.process.pid)
        self.assertEqual(self.agent.kill()["signal"], "SIGKILL")
        self.assertEqual(descendants(self.agent.process.pid), set())
        self.assertEqual([pid for pid in before if is_alive(pid)], [])

    def test_a_stopped_worker_is_killed(self):
        self.agent.start("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)")
        time.sleep(0.1)
        self.assertEqual(self.agent.kill()["signal"], "SIGKILL")

    def test_closed_fds_are_opened_again(self):
        self.run_ok("import os, sys; os.close(1); os.close(2)")
        self.assertEqual(self.run_ok("print('again')").stdout, "again\n")
        self.run_ok("sys.stdout.close()")
        self.assertEqual(self.run_ok("print('still')").stdout, "still\n")
        self.run_ok("del sys.stdout; sys.stderr = None; os.close(0)")
        self.assertEqual(self.run_ok("print('even now')").stdout, "even now\n")
        self.assertIn("no keyboard", self.run_failing("input()", "EOFError").error["message"])
        self.run_ok("os.set_blocking(1, False)")
        self.assertEqual(len(self.run_ok("print('n' * 3_000_000)").stdout), 3_000_001)

    def test_a_closed_control_socket_ends_the_worker(self):
        step = self.agent.start("import os; os.closerange(3, 100)")
        self.assertEqual(self.agent.take("exit")["code"], 70)
        said = "steppe: the interpreter cannot continue: OSError: [Errno 9] Bad file descriptor\n"
        self.agent.wait(lambda: self.agent.so_far(step, "stderr") == said, said)

    def test_a_child_that_keeps_the_streams_open_delays_nothing(self):
        began = time.monotonic()
        self.run_ok("import subprocess; subprocess.Popen('sleep 300; echo late', shell=True);")
        self.run_ok("import os, time\nif os.fork() == 0:\n    time.sleep(300)\n    os._exit(0)")
        self.run_ok("subprocess.Popen(['setsid', 'sh', '-c', 'sleep 300 & exec sleep 300'])")
        self.assertLess(time.monotonic() - began, 2)
        self.agent.kill()
        self.assertEqual(descendants(self.agent.process.pid), set())

    def test_a_forked_child_that_runs_to_the_end_reports_nothing_to_the_agent(self):
        outcome = self.run_ok(
            "import os\npid = os.fork()\n"
            "print('child' if pid == 0 else 'parent')\nif pid: os.waitpid(pid, 0)"
        )
        self.assertEqual(sorted(outcome.stdout.split()), ["child", "parent"])
        self.assertEqual(self.run_ok("1").value, "1")
        self.assertEqual([frame for frame in self.agent.frames if frame["type"] == "done"], [])

    def test_a_worker_that_cannot_start_is_reported(self):
        self.agent.kill()
        self.agent.tell_supervisor({"type": "spawn", "epoch": 99, "env": {}, "memory_bytes": None})
        self.agent.take("spawned", epoch=99)
        ended = self.agent.take("exit", epoch=99)
        self.assertEqual(ended["reason"], "spawn_failed")
        self.assertIn("99.out", ended["detail"])


class LifecycleTest(unittest.TestCase):
    def test_the_end_of_the_lifeline_ends_everything(self):
        agent = FakeAgent()
        pid = agent.spawn()["pid"]
        agent.run("import subprocess; subprocess.Popen(['setsid', 'sleep', '300'])")
        agent.process.stdin.close()
        self.assertEqual(agent.process.wait(10), 0)
        self.assertFalse(is_alive(pid))
        self.assertEqual(agent.session_pids(), [])
        agent.close()

    def test_sigterm_ends_everything(self):
        agent = FakeAgent(lifeline=False)
        agent.spawn()
        agent.run("import subprocess; subprocess.Popen(['setsid', 'sleep', '300'])")
        agent.process.send_signal(signal.SIGTERM)
        self.assertEqual(agent.process.wait(10), 0)
        self.assertEqual(agent.session_pids(), [])
        agent.close()

    def test_a_lost_connection_is_opened_again_without_the_old_worker(self):
        for lifeline in (True, False):
            agent = FakeAgent(lifeline=lifeline)
            pid = agent.spawn()["pid"]
            agent.take("supervisor")
            agent.drop_supervisor()
            agent.take("supervisor")
            self.assertFalse(is_alive(pid))
            agent.spawn()
            self.assertEqual(agent.run("6 * 7").value, "42")
            agent.close()

    def test_missing_preloads_are_logged_and_skipped(self):
        agent = FakeAgent(preload="no_such_module, decimal")
        agent.spawn()
        self.assertEqual(agent.run("import sys; 'decimal' in sys.modules").value, "True")
        self.assertIn("no_such_module", agent.close())

    def test_invalid_settings_are_refused_with_a_sentence(self):
        for env, word in (
            ({"STEPPE_RUN_DIR": "/tmp/" + "d" * 100}, "too long"),
            ({"STEPPE_INSTANCE_ID": ""}, "INSTANCE_ID"),
        ):
            agent = FakeAgent(env=env)
            self.assertEqual(agent.process.wait(10), 78)
            self.assertIn(word, agent.close())


if __name__ == "__main__":
    unittest.main()
