"""Forks a worker."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import NamedTuple

from ..io.raw_pipes import RawPipes
from ..worker.become_worker import become_worker, serve
from ..worker.exec_state import ExecState, exec_fresh, needs_fresh_interpreter
from ..worker.interrupt_request import InterruptRequest
from ..worker.process_controls import die_with_parent
from ..worker.worker import READY
from .environment import worker_environment
from .settings import Settings


class ForkedWorker(NamedTuple):
    epoch: int
    pid: int
    interrupt_request: InterruptRequest
    # Holds READY, or the error that kept the child from becoming a worker.
    ready_fd: int

    def close(self) -> str | None:
        """
        To be called once, after the worker has exited. Returns the reason if the worker never
        became ready.
        """
        self.interrupt_request.close()
        with open(self.ready_fd, "rb") as pipe:
            os.set_blocking(self.ready_fd, False)
            message = pipe.read() or b""
        if message.startswith(READY):
            return None
        return message.decode("utf-8", "replace") or "the interpreter exited before it was ready"


def fork_worker(
    settings: Settings,
    epoch: int,
    env: Mapping[str, str],
    memory_bytes: int | None,
    release: Callable[[], None],
) -> ForkedWorker:
    """
    `release` closes in the child what belongs to the supervisor. Raises OSError if the process
    cannot be created. Where `env` has variables that an interpreter reads only at its start, the
    child replaces itself by a fresh interpreter.
    """
    interrupt_request = InterruptRequest()
    ready_fd, ready_writer = os.pipe()
    supervisor_pid = os.getpid()
    try:
        pid = os.fork()
    except OSError:
        interrupt_request.close()
        os.close(ready_fd)
        os.close(ready_writer)
        raise
    if pid:
        os.close(ready_writer)
        return ForkedWorker(epoch, pid, interrupt_request, ready_fd)
    exec_state = ExecState(
        agent_path=settings.agent_path,
        epoch=epoch,
        workspace=settings.workspace,
        run_dir=settings.run_dir,
        memory_bytes=memory_bytes,
        interrupt_request_fd=interrupt_request.fd,
        ready_fd=ready_writer,
    )

    def prepare() -> RawPipes:
        release()
        die_with_parent(supervisor_pid)
        environment = worker_environment(
            settings.environment, env, settings.workspace, settings.instance_id
        )
        pipes = become_worker(exec_state, environment)
        if needs_fresh_interpreter(environment, settings.environment):
            exec_fresh(exec_state)
        return pipes

    serve(exec_state, prepare)
