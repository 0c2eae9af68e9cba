"""The worker: serves the agent from its start to the end of the interpreter."""

from __future__ import annotations

import contextvars
import os

from ..execution.step_runner import StepRunner
from ..execution.step_scope import set_environment
from ..io.frames import ConnectionClosed
from ..io.raw_pipes import RawPipes
from .exec_state import ExecState
from .worker_parts import assemble_worker

# What a worker writes to its ready_fd.
READY = b"ready"


class Worker:
    """
    When the constructor returns, the agent knows that the worker is ready. Raises OSError if the
    agent cannot be reached.
    """

    def __init__(self, exec_state: ExecState, pipes: RawPipes):
        context = contextvars.copy_context()
        parts = assemble_worker(exec_state, pipes, context)
        self._connection = parts.connection
        self._loop = parts.loop
        self._packages = parts.packages
        self._steps = StepRunner(parts=parts, workspace=exec_state.workspace, context=context)
        ready = {
            "type": "ready",
            "epoch": exec_state.epoch,
            "pid": os.getpid(),
            "interrupt": "signal",
        }
        # The agent waits one second for the first frame of a connection: everything slow comes
        # before.
        self._connection.connect(exec_state.agent_path)
        self._connection.send(ready)
        os.write(exec_state.ready_fd, READY)
        os.close(exec_state.ready_fd)

    def run(self) -> None:
        """Serves the agent until it closes the connection."""
        try:
            while True:
                self._loop.wait_readable(self._connection.fileno())
                for command in self._connection.receive():
                    self._handle(command)
        except (ConnectionClosed, BrokenPipeError, ConnectionResetError):
            os._exit(0)

    def _handle(self, command: dict) -> None:
        if command["type"] == "run":
            self._steps.run(command)
        elif command["type"] == "configure":
            set_environment(command["env"])
            self._packages.find_scripts()
