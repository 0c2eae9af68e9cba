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
_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Not `-m`: the workspace would come first on sys.path, and a user's json.py be taken for Python's.
_START = """
import sys
sys.path[:] = [sys.argv[1], *filter(None, sys.path)]
from steppe_runtime.worker.fresh_worker import main
main(sys.argv[2])
"""


class ExecState(NamedTuple):
    agent_path: str
    epoch: int
    workspace: str
    run_dir: str
    memory_bytes: int | None
    interrupt_request_fd: int
    # Written to and closed when the agent has been told that the worker is ready; None where it has been.
    ready_fd: int | None
    # The worker's connection, and a file with what was read from it and not yet obeyed.
    agent_fd: int | None = None
    unread_fd: int | None = None


def needs_fresh_interpreter(env: Mapping[str, str], started_with: Mapping[str, str]) -> bool:
    return any(
        name.startswith(_READ_AT_START) and started_with.get(name) != value
        for name, value in env.items()
    )


def exec_fresh(exec_state: ExecState) -> None:
    """Goes on as a fresh interpreter in the same process, with os.environ as it is now. Returns only by OSError."""
    _set_inheritable(exec_state, True)
    # What comes meanwhile is found in the interrupt request.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.execv(
        sys.executable, [sys.executable, "-c", _START, _ROOT, json.dumps(exec_state._asdict())]
    )


def restore_exec_state(text: str) -> ExecState:
    """In the fresh interpreter: no child is to inherit what this one did."""
    exec_state = ExecState(**json.loads(text))
    _set_inheritable(exec_state, False)
    return exec_state


def _set_inheritable(exec_state: ExecState, inheritable: bool) -> None:
    for fd in (
        exec_state.interrupt_request_fd,
        exec_state.ready_fd,
        exec_state.agent_fd,
        exec_state.unread_fd,
    ):
        if fd is not None:
            os.set_inheritable(fd, inheritable)
