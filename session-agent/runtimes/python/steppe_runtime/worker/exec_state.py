"""
What a process needs to serve the agent as a worker, and how it is passed to a fresh interpreter.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Mapping
from typing import NamedTuple

# An interpreter, a loader or a library reads these only when it starts; a forked one has started
# already.
_READ_AT_START = ("PYTHON", "LD_", "DYLD_", "GLIBC_", "MALLOC_", "OMP_", "OPENBLAS_", "MKL_")
OWN_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# Not `-m`: the workspace would come first on sys.path, and a user's json.py would replace Python's.
_START = """
import sys
sys.path[:] = [sys.argv[1], *filter(None, sys.path)]
from steppe_runtime.worker.become_worker import serve_fresh
serve_fresh(sys.argv[2])
"""


class ExecState(NamedTuple):
    agent_path: str
    epoch: int
    workspace: str
    run_dir: str
    memory_bytes: int | None
    interrupt_request_fd: int
    # Written to and closed once the agent knows that the worker is ready.
    ready_fd: int


def needs_fresh_interpreter(env: Mapping[str, str], started_with: Mapping[str, str]) -> bool:
    return any(
        name.startswith(_READ_AT_START) and started_with.get(name) != value
        for name, value in env.items()
    )


def exec_fresh(exec_state: ExecState) -> None:
    """
    Continues as a fresh interpreter in the same process, with the current os.environ. Returns only
    by raising OSError.
    """
    _set_inheritable(exec_state, True)
    # An interrupt that arrives meanwhile is found in the interrupt request.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.execv(
        sys.executable, [sys.executable, "-c", _START, OWN_ROOT, json.dumps(exec_state._asdict())]
    )


def restore_exec_state(text: str) -> ExecState:
    """For the fresh interpreter. Its children must not inherit the descriptors that it did."""
    exec_state = ExecState(**json.loads(text))
    _set_inheritable(exec_state, False)
    return exec_state


def _set_inheritable(exec_state: ExecState, inheritable: bool) -> None:
    for fd in (exec_state.interrupt_request_fd, exec_state.ready_fd):
        os.set_inheritable(fd, inheritable)
