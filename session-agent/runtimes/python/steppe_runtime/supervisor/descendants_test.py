import os
import subprocess
import sys
import unittest
import uuid

from steppe_runtime.supervisor.descendants import session_processes


@unittest.skipUnless(sys.platform == "linux", "walks /proc")
class DescendantsTest(unittest.TestCase):
    def start(self, **options) -> int:
        process = subprocess.Popen(["sleep", "60"], **options)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process.pid

    def test_children_are_found_whatever_their_environment(self):
        pid = self.start(env={}, start_new_session=True)
        self.assertIn(pid, session_processes(""))

    def test_strangers_are_found_by_their_instance(self):
        instance = uuid.uuid4().hex
        script = (
            "import os, sys\nif os.fork() == 0:\n    os.setsid()\n"
            "    os.execvp('sleep', ['sleep', '60'])"
        )
        environment = {"PATH": os.environ["PATH"], "STEPPE_INSTANCE_ID": instance}
        subprocess.run([sys.executable, "-c", script], env=environment, check=True)
        # The environment of the stranger is visible once it has become `sleep`.
        found = session_processes(instance) - session_processes("")
        for pid in found:
            os.kill(pid, 9)
        self.assertEqual(len(found), 1)
        self.assertEqual(session_processes(uuid.uuid4().hex) - session_processes(""), set())

    def test_strangers_are_not_searched_if_all_are_ours(self):
        instance = uuid.uuid4().hex
        script = (
            "import subprocess, sys; print(subprocess.Popen(['sleep',"
            " '60'], start_new_session=True, stdout=2).pid)"
        )
        environment = {"PATH": os.environ["PATH"], "STEPPE_INSTANCE_ID": instance}
        stranger = int(subprocess.check_output([sys.executable, "-c", script], env=environment))
        self.addCleanup(os.kill, stranger, 9)
        looker = (
            "import sys; from steppe_runtime.supervisor.descendants"
            " import kill_descendants, session_processes\n"
            f"print(kill_descendants({instance!r},"
            f" all_are_ours=True), session_processes({instance!r}))"
        )
        self.assertEqual(self.run_here(looker), f"0 {{{stranger}}}")

    def test_children_are_killed_if_all_are_ours(self):
        looker = (
            "import subprocess, sys; from steppe_runtime.supervisor.descendants"
            " import kill_descendants, session_processes\n"
            "subprocess.Popen(['sh', '-c', 'sleep 60 & sleep 60']); import time; time.sleep(0.2)\n"
            "print(len(session_processes('')), kill_descendants('',"
            " all_are_ours=True), session_processes(''))"
        )
        self.assertEqual(self.run_here(looker), "3 0 set()")

    def run_here(self, script: str) -> str:
        adopting = (
            "from steppe_runtime.worker.process_controls"
            " import adopt_orphans; assert adopt_orphans()\n"
        )
        command = [sys.executable, "-c", adopting + script]
        return subprocess.check_output(
            command, text=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        ).strip()

    def test_itself_and_its_ancestors_are_spared(self):
        found = session_processes(os.environ.get("STEPPE_INSTANCE_ID", ""))
        self.assertFalse(found & {os.getpid(), os.getppid(), 1})
