"""Turns a process into a worker, after a fork or an exec, and serves the agent until it exits."""

from __future__ import annotations

import gc
import os
import signal
import sys
from collections.abc import Callable, Mapping
from typing import NoReturn

from ..execution.step_scope import set_environment
from ..io.raw_pipes import RawPipes
from .exec_state import ExecState, restore_exec_state
from .process_controls import raise_oom_score
from .worker import Worker

_EXIT_DRIVER_FAILED = 70


def serve_fresh(text: str) -> None:
    """The entry point of a fresh interpreter that a worker has exec'ed."""
    exec_state = restore_exec_state(text)
    serve(exec_state, lambda: RawPipes(exec_state.run_dir, exec_state.epoch))


def serve(exec_state: ExecState, prepare: Callable[[], RawPipes]) -> NoReturn:
    """
    Always ends the process. Until the worker is ready, a failure is reported to the supervisor.
    """
    try:
        worker = Worker(exec_state, prepare())
    except BaseException as error:
        os.write(exec_state.ready_fd, _described(error))
        os._exit(_EXIT_DRIVER_FAILED)
    try:
        worker.run()
    except BaseException as error:
        # Usually because user code closed its connections.
        os.write(2, b"steppe: the interpreter cannot continue: " + _described(error) + b"\n")
    finally:
        os._exit(_EXIT_DRIVER_FAILED)


def become_worker(exec_state: ExecState, environment: Mapping[str, str]) -> RawPipes:
    """Run in a forked child: drops what it inherited from the supervisor."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    # A session of its own: Ctrl-C in the terminal is meant for the agent.
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


def _described(error: BaseException) -> bytes:
    return f"{type(error).__name__}: {error}"[:2000].encode("utf-8", "replace")


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
                # The descriptor that listed the others is closed already.
                continue


def _reseed() -> None:
    """
    Python reseeds `random` in a forked child; numpy's global generator would give the same numbers
    in every worker.
    """
    random = sys.modules.get("numpy.random")
    if random is not None:
        random.seed()
