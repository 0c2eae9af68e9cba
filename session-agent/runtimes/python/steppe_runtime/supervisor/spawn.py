"""Forks a worker and turns the child into one."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Mapping
from typing import NamedTuple, NoReturn

from ..execution.step_scope import set_environment
from ..io.raw_pipes import RawPipes
from ..worker.exec_state import ExecState, exec_fresh, needs_fresh_interpreter
from ..worker.interrupt_request import InterruptRequest
from ..worker.process_controls import die_with_parent, raise_oom_score
from ..worker.worker import READY, Worker
from .environment import worker_environment
from .settings import Settings

_EXIT_DRIVER_FAILED = 70


class ForkedWorker(NamedTuple):
    epoch: int
    pid: int
    interrupt_request: InterruptRequest
    # READY, or what kept the child from becoming a worker.
    ready_fd: int

    def close(self) -> str | None:
        """To be called once, when the worker has ended. Why it never was ready, if so."""
        self.interrupt_request.close()
        with open(self.ready_fd, "rb") as told:
            os.set_blocking(self.ready_fd, False)
            said = told.read() or b""
        if said.startswith(READY):
            return None
        return said.decode("utf-8", "replace") or "the interpreter ended before it was ready"


def fork_worker(
    settings: Settings,
    epoch: int,
    env: Mapping[str, str],
    memory_bytes: int | None,
    release: Callable[[], None],
) -> ForkedWorker:
    """
    `release` closes in the child what belongs to the supervisor. Raises OSError where no process can be made. Variables
    that are read only at the start of an interpreter have the child go on as a fresh one.
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
        pipes = _become_worker(exec_state, environment)
        if needs_fresh_interpreter(environment, settings.environment):
            exec_fresh(exec_state)
        return pipes

    serve(exec_state, prepare)


def serve(exec_state: ExecState, prepare: Callable[[], RawPipes]) -> NoReturn:
    """Ends the process, whatever happens. A failure is reported to the supervisor until the worker is ready."""
    try:
        worker = Worker(exec_state, prepare())
    except BaseException as error:
        os.write(2 if exec_state.ready_fd is None else exec_state.ready_fd, _described(error))
        os._exit(_EXIT_DRIVER_FAILED)
    try:
        worker.run()
    except BaseException as error:
        # Its connections were closed by user code, as a rule.
        os.write(2, b"steppe: the interpreter cannot go on: " + _described(error) + b"\n")
    finally:
        os._exit(_EXIT_DRIVER_FAILED)


def _described(error: BaseException) -> bytes:
    return f"{type(error).__name__}: {error}"[:2000].encode("utf-8", "replace")


def _become_worker(exec_state: ExecState, environment: Mapping[str, str]) -> RawPipes:
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    # A session of its own: the terminal's Ctrl-C is for the agent.
    os.setsid()
    _close_inherited({0, 1, 2, exec_state.interrupt_request_fd, exec_state.ready_fd})
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0, inheritable=True)
    os.close(null)
    pipes = RawPipes(exec_state.run_dir, exec_state.epoch)
    raise_oom_score()
    set_environment({name: None for name in os.environ if name not in environment})
    set_environment(environment)
    os.chdir(exec_state.workspace)
    _reseed()
    gc.enable()
    return pipes


def _close_inherited(kept: set[int]) -> None:
    try:
        fds = [int(name) for name in os.listdir("/dev/fd")]
    except OSError:
        fds = list(range(3, 256))
    for fd in fds:
        if fd not in kept:
            try:
                os.close(fd)
            except OSError:
                # The one that listed them.
                continue


def _reseed() -> None:
    """Python reseeds `random` in a forked child; numpy's global generator would repeat itself in every worker."""
    random = sys.modules.get("numpy.random")
    if random is not None:
        random.seed()
