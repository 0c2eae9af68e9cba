"""The worker: everything between the fork and the end of an interpreter."""

from __future__ import annotations

import builtins
import contextvars
import os
import socket
import threading
from typing import NamedTuple

from .attribution import Attribution, follow_threads
from .background import Background
from .cell_loop import CellLoop
from .display import Displays, note_error
from .empty_input import install_input_hint
from .figures import Figures
from .frames import ConnectionClosed, FrameConnection
from .handover import Handover, exec_fresh, needs_fresh_interpreter
from .interrupts import Interrupts
from .ipython_shim import offer_ipython
from .mailbox import InterruptMailbox, open_unnamed_file
from .main_module import install_main_module
from .offer_magics import offer_magics
from .own_warnings import hide_own_places
from .packages import find_packages_in, packages_path
from .pip_redirect import redirect_pip
from .raw_pipes import RawPipes
from .rich_libraries import follow_rich_libraries
from .run_cell import CellRunner
from .soft_memory_limit import SoftMemoryLimit
from .sources import Sources
from .spawned_processes import follow_multiprocessing
from .step_runner import StepRunner
from .step_scope import set_environment
from .streams import StandardStreams
from .uninterrupted_lock import UninterruptedLock
from .whole_prints import install_whole_prints


class WorkerParts(NamedTuple):
    connection: FrameConnection
    pipes: RawPipes
    streams: StandardStreams
    attribution: Attribution
    interrupts: Interrupts
    loop: CellLoop
    cells: CellRunner
    displays: Displays
    figures: Figures
    memory: SoftMemoryLimit


# What a worker writes to its ready_fd.
READY = b"ready"


class Worker:
    """Made when it has told the agent that it is ready."""

    def __init__(self, handover: Handover, pipes: RawPipes):
        self._handover = handover
        self._started_with = dict(os.environ)
        context = contextvars.copy_context()
        parts = _assemble(handover, pipes, context)
        self._connection = parts.connection
        self._loop = parts.loop
        self._steps = StepRunner(parts=parts, workspace=handover.workspace, context=context)
        if handover.ready_fd is not None:
            ready = {"type": "ready", "epoch": handover.epoch, "pid": os.getpid(), "interrupt": "signal"}
            self._connection.send(ready)
            os.write(handover.ready_fd, READY)
            os.close(handover.ready_fd)

    def run(self) -> None:
        """Serves the agent until it closes the connection."""
        try:
            for command in self._connection.complete_frames():
                self._obey(command)
            while True:
                self._loop.wait_readable(self._connection.fileno())
                for command in self._connection.receive():
                    self._obey(command)
        except (ConnectionClosed, BrokenPipeError, ConnectionResetError):
            os._exit(0)

    def _obey(self, command: dict) -> None:
        if command["type"] == "run":
            self._steps.run(command)
        elif command["type"] == "configure":
            set_environment(command["env"])
            # Before its first step there is no memory that could be lost.
            if not self._steps.has_run and needs_fresh_interpreter(command["env"], self._started_with):
                self._start_afresh()

    def _start_afresh(self) -> None:
        # Ours is added to it again.
        if os.environ["PYTHONPATH"] == packages_path(self._handover.workspace, self._started_with):
            set_environment({"PYTHONPATH": self._started_with.get("PYTHONPATH")})
        unread_fd = open_unnamed_file()
        with os.fdopen(os.dup(unread_fd), "wb") as file:
            file.write(self._connection.unread())
        exec_fresh(self._handover._replace(ready_fd=None, agent_fd=self._connection.fileno(), unread_fd=unread_fd))


def _assemble(handover: Handover, pipes: RawPipes, context: contextvars.Context) -> WorkerParts:
    interrupts = Interrupts(InterruptMailbox(handover.mailbox_fd))
    interrupts.install()
    connection = _connect(handover, UninterruptedLock(interrupts))
    attribution = Attribution()
    background = Background(connection, attribution)
    streams = StandardStreams(attribution, background.send_text)
    displays = Displays(connection, attribution, background.send_text)
    loop = CellLoop(interrupts, background.report)
    namespace = install_main_module().__dict__
    parts = WorkerParts(
        connection=connection,
        pipes=pipes,
        streams=streams,
        attribution=attribution,
        interrupts=interrupts,
        loop=loop,
        cells=CellRunner(namespace, Sources(), loop, context),
        displays=displays,
        figures=Figures(displays.publish, note_error),
        memory=SoftMemoryLimit(handover.memory_bytes),
    )
    streams.install()
    follow_threads()
    follow_multiprocessing()
    follow_rich_libraries()
    loop.follow_imports()
    parts.figures.follow_imports()
    install_input_hint()
    install_whole_prints()
    hide_own_places()
    find_packages_in(handover.workspace)
    redirect_pip(handover.workspace)
    offer_magics(namespace, handover.workspace)
    offer_ipython(displays)
    builtins.display = displays.display
    threading.excepthook = background.report_thread
    os.register_at_fork(after_in_child=lambda: _forget_agent(parts))
    return parts


def _connect(handover: Handover, lock: UninterruptedLock) -> FrameConnection:
    if handover.agent_fd is not None and handover.unread_fd is not None:
        with open(handover.unread_fd, "rb") as file:
            file.seek(0)
            return FrameConnection(socket.socket(fileno=handover.agent_fd), lock, file.read())
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    sock.connect(handover.agent_path)
    return FrameConnection(sock, lock)


def _forget_agent(parts: WorkerParts) -> None:
    """In a process that user code forked: locks may have been held by threads that do not exist here."""
    parts.attribution.is_forked = True
    parts.connection.lock.renew_after_fork()
    parts.streams.renew_after_fork()
    parts.connection.close()
