"""What a worker is made of, and what it puts in place in the interpreter before the first step."""

from __future__ import annotations

import builtins
import contextvars
import os
import socket
import threading
from typing import NamedTuple

from .atomic_print import install_atomic_print
from .attribution import Attribution, follow_threads
from .background import Background
from .cell_loop import CellLoop
from .display import Displays, note_error
from .empty_input import install_input_hint
from .exec_state import ExecState
from .figures import Figures
from .frames import FrameConnection
from .install_magics import install_magics
from .interrupt_request import InterruptRequest
from .interrupts import Interrupts
from .ipython_shim import offer_ipython
from .main_module import install_main_module
from .own_warnings import hide_own_places
from .packages import find_packages_in
from .pip_redirect import redirect_pip
from .raw_pipes import RawPipes
from .rich_libraries import follow_rich_libraries
from .run_cell import CellRunner
from .soft_memory_limit import SoftMemoryLimit
from .sources import Sources
from .spawned_processes import follow_multiprocessing
from .streams import StandardStreams
from .uninterrupted_lock import UninterruptedLock


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


def assemble_worker(
    exec_state: ExecState, pipes: RawPipes, context: contextvars.Context
) -> WorkerParts:
    """To be called once in a process. The connection is open only where it was handed over."""
    interrupts = Interrupts(InterruptRequest(exec_state.interrupt_request_fd))
    interrupts.install()
    connection = _make_connection(exec_state, UninterruptedLock(interrupts))
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
        memory=SoftMemoryLimit(exec_state.memory_bytes),
    )
    streams.install()
    follow_threads()
    follow_multiprocessing()
    follow_rich_libraries()
    loop.follow_imports()
    parts.figures.follow_imports()
    install_input_hint()
    install_atomic_print()
    hide_own_places()
    find_packages_in(exec_state.workspace)
    redirect_pip(exec_state.workspace)
    install_magics(namespace, exec_state.workspace)
    offer_ipython(displays)
    builtins.display = displays.display
    threading.excepthook = background.report_thread
    os.register_at_fork(after_in_child=lambda: _forget_agent(parts))
    return parts


def _make_connection(exec_state: ExecState, lock: UninterruptedLock) -> FrameConnection:
    if exec_state.agent_fd is not None and exec_state.unread_fd is not None:
        with open(exec_state.unread_fd, "rb") as file:
            file.seek(0)
            return FrameConnection(socket.socket(fileno=exec_state.agent_fd), lock, file.read())
    return FrameConnection(socket.socket(socket.AF_UNIX, socket.SOCK_STREAM), lock)


def _forget_agent(parts: WorkerParts) -> None:
    """In a process that user code forked: locks may have been held by threads that do not exist here."""
    parts.attribution.is_forked = True
    parts.connection.lock.renew_after_fork()
    parts.streams.renew_after_fork()
    parts.connection.close()
