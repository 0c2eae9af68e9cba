"""What a worker consists of, and what it changes in the interpreter before the first step."""

from __future__ import annotations

import builtins
import contextvars
import os
import socket
import sys
import threading
import types
from typing import NamedTuple

from ..execution.address_space_limit import AddressSpaceLimit
from ..execution.attribution import Attribution, follow_threads
from ..execution.cell_loop import CellLoop
from ..execution.error_report import hide_own_frames, hide_own_places, print_error
from ..execution.interrupts import Interrupts, UninterruptedLock
from ..execution.run_cell import CellRunner
from ..execution.spawned_processes import follow_multiprocessing
from ..io.background import Background
from ..io.display import Displays
from ..io.figures import Figures
from ..io.frames import FrameConnection
from ..io.output_order import OutputOrder
from ..io.print_and_input import install_atomic_print, install_input_hint
from ..io.raw_pipes import RawPipes
from ..io.streams import StandardStreams
from ..ipython.cells.notebook import Notebook
from ..ipython.shim import ShellParts, install_ipython_module, install_magics
from ..packages.bytecode import skip_bytecode_of_new_files
from ..packages.class_sources import follow_inspect
from ..packages.pip_redirect import redirect_pip
from ..packages.rich_libraries import follow_rich_libraries
from ..packages.workspace_packages import WorkspacePackages, find_packages_in
from .exec_state import OWN_ROOT, ExecState
from .interrupt_request import InterruptRequest


class WorkerParts(NamedTuple):
    connection: FrameConnection
    pipes: RawPipes
    order: OutputOrder
    streams: StandardStreams
    attribution: Attribution
    interrupts: Interrupts
    loop: CellLoop
    cells: CellRunner
    displays: Displays
    figures: Figures
    packages: WorkspacePackages
    notebook: Notebook


def assemble_worker(
    exec_state: ExecState, pipes: RawPipes, context: contextvars.Context
) -> WorkerParts:
    """To be called once per process. The connection is not open yet."""
    interrupt_request = InterruptRequest(exec_state.interrupt_request_fd)
    interrupts = Interrupts(interrupt_request, user_code=CellRunner.run.__code__)
    interrupts.install()
    connection = FrameConnection(
        socket.socket(socket.AF_UNIX, socket.SOCK_STREAM), UninterruptedLock(interrupts)
    )
    order = OutputOrder(pipes, UninterruptedLock(interrupts))
    attribution = Attribution()
    background = Background(connection, order, attribution)
    streams = StandardStreams(order, attribution, background.send_text)
    displays = Displays(connection, order, attribution, background.send_text)
    loop = CellLoop(interrupts, background.report)
    namespace = _install_main_module().__dict__
    parts = WorkerParts(
        connection=connection,
        pipes=pipes,
        order=order,
        streams=streams,
        attribution=attribution,
        interrupts=interrupts,
        loop=loop,
        cells=CellRunner(namespace, loop, context),
        displays=displays,
        figures=Figures(displays.publish, print_error),
        packages=find_packages_in(exec_state.workspace),
        notebook=Notebook(context),
    )
    streams.install()
    follow_threads()
    follow_multiprocessing()
    follow_inspect()
    follow_rich_libraries()
    loop.follow_imports()
    parts.figures.follow_imports()
    install_input_hint()
    install_atomic_print()
    hide_own_places()
    hide_own_frames()
    skip_bytecode_of_new_files()
    redirect_pip(parts.packages)
    install_magics(ShellParts(namespace, exec_state.workspace, parts.cells, parts.notebook))
    install_ipython_module(displays)
    builtins.display = displays.display
    threading.excepthook = background.report_thread
    os.register_at_fork(after_in_child=lambda: _forget_agent(parts))
    if exec_state.memory_bytes is not None:
        AddressSpaceLimit(exec_state.memory_bytes).install()
    return parts


def _install_main_module() -> types.ModuleType:
    """A real module, as in a fresh interpreter: pickle finds in it what cells define."""
    module = types.ModuleType("__main__")
    module.__dict__["__builtins__"] = builtins
    sys.modules["__main__"] = module
    sys.argv[:] = [""]
    # As at Python's prompt: modules of the current directory come first, and none of this program's
    # folder.
    sys.path[:] = [
        "",
        *(entry for entry in sys.path if entry and os.path.abspath(entry) != OWN_ROOT),
    ]
    return module


def _forget_agent(parts: WorkerParts) -> None:
    """For a process that user code forked: locks may be held by threads that do not exist here."""
    parts.attribution.is_forked = True
    parts.connection.lock.renew_after_fork()
    parts.streams.renew_after_fork()
    parts.connection.close()
