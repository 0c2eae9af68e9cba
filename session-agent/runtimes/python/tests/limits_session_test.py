"""
Limits of memory and processes on real workers, in cgroups that the test creates where it may (as
root).
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
import unittest
import uuid

from tests.fake_agent import COMMAND
from tests.session_case import SessionCase, descendants

_MIB = 1 << 20


def make_cgroup(controller: str, limits: dict[str, int]) -> str | None:
    """
    Version 1 has a hierarchy for each controller, version 2 one for all. None if none can be
    created.
    """
    for parent in (f"/sys/fs/cgroup/{controller}", "/sys/fs/cgroup"):
        folder = os.path.join(parent, f"steppe-test-{uuid.uuid4().hex}")
        try:
            os.mkdir(folder)
        except OSError:
            continue
        try:
            for name, value in limits.items():
                if os.path.exists(os.path.join(folder, name)):
                    with open(os.path.join(folder, name), "w") as file:
                        file.write(str(value))
            if any(os.path.exists(os.path.join(folder, name)) for name in limits):
                return folder
        except OSError:
            pass
        os.rmdir(folder)
    return None


def remove_cgroup(folder: str) -> None:
    """
    Fails if processes are left, but kills them: fork bombs that continue would take down the
    machine.
    """
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError):
            return os.rmdir(folder)
        time.sleep(0.01)
    while left := _processes_in(folder):
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, number)
    raise AssertionError(f"processes were left in {folder}")


def _processes_in(folder: str) -> list[int]:
    with open(os.path.join(folder, "cgroup.procs")) as file:
        return [int(line) for line in file]


class CgroupSession(SessionCase):
    controller = ""
    limits: dict[str, int]

    def options(self) -> dict:
        folder = make_cgroup(self.controller, self.limits)
        if folder is None:
            self.skipTest(f"no {self.controller} cgroup can be made here")
        self.addCleanup(remove_cgroup, folder)
        return {
            "command": ("sh", "-c", f'echo $$ > {folder}/cgroup.procs; exec "$@"', "sh", *COMMAND)
        }


class ContainerMemoryTest(CgroupSession):
    controller = "memory"
    limits = {"memory.limit_in_bytes": 200 * _MIB, "memory.max": 200 * _MIB}  # noqa: RUF012

    def test_a_worker_is_killed_before_its_container_is_full(self):
        # Grows slower than the interval of the memory watch; else the kernel is faster on a busy
        # machine.
        grow = "while True:\n    kept.append(b'x' * 400_000)\n    time.sleep(0.05)"
        self.agent.start(f"import time\nkept = [b'x' * 150_000_000]\n{grow}")
        ended = self.agent.take("exit")
        self.assertEqual((ended["reason"], ended["signal"]), ("memory", "SIGKILL"))
        self.assertIn("95 % of the 200 MiB", ended["detail"])
        self.agent.spawn()
        self.assertEqual(self.run_ok("1 + 1").value, "2")

    def test_a_kill_by_the_kernel_is_reported_as_such(self):
        self.agent.start("b'x' * 600_000_000")
        ended = self.agent.take("exit")
        self.assertEqual((ended["reason"], ended["signal"]), ("memory", "SIGKILL"))
        self.assertIn("200 MiB", ended["detail"])
        self.agent.spawn()
        self.agent.start("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
        self.assertIsNone(self.agent.take("exit", epoch=2)["reason"])

    def test_written_files_do_not_count(self):
        self.run_ok(
            "import os\nwith open('big', 'wb') as f:\n"
            "    for _ in range(300): f.write(bytes(1_000_000))"
        )
        self.assertEqual(self.run_ok("os.path.getsize('big')").value, "300000000")


class ProcessLimitTest(CgroupSession):
    controller = "pids"
    limits = {"pids.max": 40}  # noqa: RUF012

    def test_a_fork_bomb_is_bounded_and_leaves_nothing(self):
        step = self.agent.start(
            "import os, time\nprint('go', flush=True)\nwhile True:\n"
            "    try:\n        os.fork()\n    except OSError:\n"
            "        time.sleep(0.1)"
        )
        self.wait_for_output(step, "go")
        self.agent.wait(lambda: len(descendants(self.agent.process.pid)) > 30, "the bomb")
        self.agent.kill()
        # They are killed, but on a busy machine take a while to exit.
        self.agent.wait(lambda: not descendants(self.agent.process.pid), "their end")
        self.agent.spawn()
        self.assertEqual(self.run_ok("1 + 1").value, "2")


class SessionMemoryTest(SessionCase):
    """Limits of a session that has no container."""

    def setUp(self):
        super().setUp()
        self.agent.kill()
        self.agent.spawn(memory_bytes=200 * _MIB)

    def test_an_absurd_value_is_a_memory_error_and_memory_is_kept(self):
        self.run_ok("kept = list(range(1000))")
        self.run_failing("b = bytearray(10 ** 10)", "MemoryError")
        self.assertEqual(self.run_ok("sum(kept)").value, "499500")

    def test_what_is_not_used_does_not_count(self):
        self.run_ok(
            "import mmap, threading\nreserved = mmap.mmap(-1, 2 << 30, flags=mmap.MAP_PRIVATE)\n"
            "end = threading.Event()\n"
            "threads = [threading.Thread(target=end.wait) for _ in range(200)]\n"
            "for thread in threads: thread.start()\nend.set()"
        )

    def test_a_worker_that_uses_more_is_killed(self):
        self.agent.start("grown = []\nwhile True: grown.append('x' * 10_000)")
        ended = self.agent.take("exit", epoch=2)
        self.assertEqual((ended["reason"], ended["signal"]), ("memory", "SIGKILL"))
        self.assertIn("95 % of the 200 MiB of its session", ended["detail"])

    def test_children_count(self):
        child = "grown = bytearray(b'x' * 250_000_000); import time; time.sleep(60)"
        self.agent.start(
            f"import subprocess, sys; subprocess.run([sys.executable, '-c', {child!r}])"
        )
        self.assertEqual(self.agent.take("exit", epoch=2)["reason"], "memory")

    def test_children_have_no_limit_of_address_space(self):
        limits = self.run_ok(
            "import multiprocessing, os, resource, subprocess, sys\n"
            "print_limit = 'import resource; print(resource.getrlimit(resource.RLIMIT_DATA)[0])'\n"
            "command = [sys.executable, '-c', print_limit]\n"
            "def own(): return resource.getrlimit(resource.RLIMIT_DATA)[0]\n"
            "def show(): print(own(), flush=True)\n"
            "os.system(f'{sys.executable} -c \"{print_limit}\"')\n"
            "subprocess.run(command)\n"
            "os.waitpid(os.posix_spawn(sys.executable, command, os.environ), 0)\n"
            "for method in ('fork', 'spawn'):\n"
            "    with multiprocessing.get_context(method).Pool(1) as pool:\n"
            "        limit = pool.apply(resource.getrlimit, (resource.RLIMIT_DATA,))[0]\n"
            "        print(limit, flush=True)\n"
            "if not (pid := os.fork()):\n"
            "    subprocess.run(command)\n"
            "    os.execv(sys.executable, command)\n"
            "os.waitpid(pid, 0)\n"
            "own()"
        )
        self.assertEqual(limits.value, str((200 * _MIB * 4) + (4 << 30)))
        self.assertEqual(set(limits.stdout.split()), {"-1"})


if __name__ == "__main__":
    unittest.main()
