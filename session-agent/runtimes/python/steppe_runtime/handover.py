"""What a process needs to serve the agent as a worker, and how to give it to a fresh interpreter."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping
from typing import NamedTuple

# Read by an interpreter, a loader or a library only when it starts; a forked one has started long ago.
_READ_AT_START = ("PYTHON", "LD_", "DYLD_", "GLIBC_", "MALLOC_", "OMP_", "OPENBLAS_", "MKL_")
_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
# Not `-m`: the workspace would come first on sys.path, and a user's json.py be taken for Python's.
_START = """
import sys
sys.path[:] = [sys.argv[1], *filter(None, sys.path)]
from steppe_runtime.fresh_worker import main
main(sys.argv[2])
"""


class Handover(NamedTuple):
    agent_path: str
    epoch: int
    workspace: str
    run_dir: str
    memory_bytes: int | None
    mailbox_fd: int
    # Written to and closed when the agent has been told that the worker is ready; None where it has been.
    ready_fd: int | None
    # The worker's connection, and a file with what was read from it and not yet obeyed.
    agent_fd: int | None = None
    unread_fd: int | None = None


def needs_fresh_interpreter(env: Mapping[str, str], started_with: Mapping[str, str]) -> bool:
    return any(name.startswith(_READ_AT_START) and started_with.get(name) != value for name, value in env.items())


def exec_fresh(handover: Handover) -> None:
    """Goes on as a fresh interpreter in the same process, with os.environ as it is now. Returns only by OSError."""
    _let_inherit(handover, True)
    # What comes meanwhile is found in the mailbox.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.execv(sys.executable, [sys.executable, "-c", _START, _ROOT, json.dumps(handover._asdict())])


def take_over(text: str) -> Handover:
    """In the fresh interpreter: no child is to inherit what this one did."""
    handover = Handover(**json.loads(text))
    _let_inherit(handover, False)
    return handover


def _let_inherit(handover: Handover, inheritable: bool) -> None:
    for fd in (handover.mailbox_fd, handover.ready_fd, handover.agent_fd, handover.unread_fd):
        if fd is not None:
            os.set_inheritable(fd, inheritable)
