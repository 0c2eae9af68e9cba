"""
Base of the tests of real sessions: a supervisor with a worker, and checks of its processes.

With every Python of a machine:
    for python in ~/.pyenv/versions/3.{9,1?}.*/bin/python; do
        $python -m unittest discover -s session-agent/runtimes/python -p '*_test.py'; done
"""

from __future__ import annotations

import os
import unittest

from tests.fake_agent import FakeAgent


class SessionCase(unittest.TestCase):
    def setUp(self):
        self.agent = FakeAgent(**self.options())
        self.addCleanup(self.agent.close)
        self.agent.spawn()

    def options(self) -> dict:
        return {}

    def run_ok(self, code: str, **options):
        outcome = self.agent.run(code, **options)
        self.assertEqual(outcome.status, "completed", outcome.error)
        return outcome

    def run_failing(self, code: str, name: str, **options):
        outcome = self.agent.run(code, **options)
        self.assertEqual(
            (outcome.status, outcome.error and outcome.error["name"]),
            ("failed", name),
            outcome.error,
        )
        return outcome

    def wait_for_output(self, step_id: str, text: str) -> None:
        self.agent.wait(lambda: text in self.agent.so_far(step_id), text)


def is_alive(pid: int) -> bool:
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in ("Z", "X")
    except OSError:
        return False


def descendants(root: int) -> set[int]:
    """The descendants that are still alive."""
    parents = {}
    for name in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{name}/stat") as stat:
                state, parent = stat.read().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state not in ("Z", "X"):
            parents[int(name)] = int(parent)
    found: set[int] = set()
    while more := {pid for pid, parent in parents.items() if parent in found | {root}} - found:
        found |= more
    return found
