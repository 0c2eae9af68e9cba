"""
The supervisor: forks the worker, interrupts and kills it for the agent, and leaves no process
behind.
"""

from __future__ import annotations

import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable, Mapping

from ..io.frames import ConnectionClosed, FrameConnection
from .descendants import kill_descendants, kill_group, reap_children
from .exit_frame import exit_frame
from .interrupt_step import interrupt_step
from .memory.memory_watch import MemoryWatch, watch_memory
from .settings import Settings
from .signal_wakeup import SignalWakeup
from .spawn import ForkedWorker, fork_worker

_FIRST_RETRY_SECONDS = 0.02
# A session's first step waits for this connection, and a try costs next to nothing.
_LAST_RETRY_SECONDS = 0.1


class Supervisor:
    """
    A lost connection ends the worker too: the frame `supervisor`, sent first on each connection,
    means that there is no worker.
    """

    def __init__(
        self,
        settings: Settings,
        adopts_orphans: bool,
        owns_namespace: bool,
        log: Callable[[str], None],
    ):
        self._log = log
        self._settings = settings
        self._owns_namespace = owns_namespace
        self._all_are_ours = (settings.is_first or owns_namespace) and adopts_orphans
        self._selector = selectors.DefaultSelector()
        self._wakeup = SignalWakeup(stop=(signal.SIGTERM, signal.SIGHUP), ignore=(signal.SIGINT,))
        self._selector.register(self._wakeup.fileno(), selectors.EVENT_READ, self._on_signal)
        if settings.has_lifeline:
            self._selector.register(0, selectors.EVENT_READ, self._on_lifeline)
        self._connection: FrameConnection | None = None
        self._worker: ForkedWorker | None = None
        self._memory = MemoryWatch(None)
        self._retry_seconds = _FIRST_RETRY_SECONDS
        self._is_stopping = False

    def run(self) -> int:
        """Returns when the supervisor is stopped, with no process left."""
        # An earlier supervisor may have been killed and have left processes of its worker.
        self._kill_descendants()
        while not self._is_stopping:
            if self._connection is None:
                self._connect()
            timeout = self._memory.interval_seconds if self._connection else self._retry_seconds
            for key, _ in self._selector.select(timeout):
                key.data()
            self._check_memory()
        self._kill_worker()
        return 0

    def _check_memory(self) -> None:
        if self._worker is None:
            return
        reading = self._memory.read()
        if reading and self._memory.is_news(reading):
            self._send({"type": "memory", **reading._asdict()})
        if self._memory.is_exhausted(reading):
            os.kill(self._worker.pid, signal.SIGKILL)

    def _connect(self) -> None:
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            sock.connect(self._settings.agent_path)
        except OSError:
            sock.close()
            self._retry_seconds = min(self._retry_seconds * 2, _LAST_RETRY_SECONDS)
            return
        self._retry_seconds = _FIRST_RETRY_SECONDS
        self._connection = FrameConnection(sock)
        self._selector.register(sock, selectors.EVENT_READ, self._on_frames)
        version = ".".join(map(str, sys.version_info[:3]))
        hello = {"type": "supervisor", "language": "python", "version": version}
        self._send({**hello, "pid": os.getpid()})

    def _on_frames(self) -> None:
        connection = self._connection
        if connection is None:
            return
        try:
            for command in connection.receive():
                self._handle(command)
        except (OSError, ValueError, KeyError, TypeError) as error:
            self._disconnect(error)

    def _handle(self, command: dict) -> None:
        if command["type"] == "spawn":
            self._spawn(command["epoch"], command["env"], command["memory_bytes"])
        elif command["type"] == "interrupt":
            worker = self._worker_of(command["epoch"])
            if worker:
                interrupt_step(worker.pid, worker.interrupt_request, command["step_id"])
            self._send({"type": "interrupted", "step_id": command["step_id"]})
        elif command["type"] == "kill":
            worker = self._worker_of(command["epoch"])
            if worker:
                # From now on the agent has killed it, even if memory runs out.
                self._memory = MemoryWatch(None)
                os.kill(worker.pid, signal.SIGKILL)

    def _spawn(self, epoch: int, env: Mapping[str, str], memory_bytes: int | None) -> None:
        try:
            if self._worker:
                raise OSError(f"the worker of epoch {self._worker.epoch} is still running")
            self._memory = watch_memory(self._settings.cgroup_dir, memory_bytes)
            self._worker = fork_worker(
                self._settings, epoch, env, memory_bytes, self._release_in_child
            )
        except OSError as error:
            detail = f"the worker could not be forked: {error}"
            self._send(exit_frame(epoch, None, reason="spawn_failed", detail=detail))
            return
        self._send({"type": "spawned", "epoch": epoch, "pid": self._worker.pid})

    def _worker_of(self, epoch: int) -> ForkedWorker | None:
        # Only this thread reaps workers, so the pid stays valid until then.
        return self._worker if self._worker and self._worker.epoch == epoch else None

    def _on_signal(self) -> None:
        self._wakeup.clear()
        self._is_stopping = self._is_stopping or self._wakeup.stopped
        ended = reap_children()
        if self._worker and self._worker.pid in ended:
            self._report_exit(ended[self._worker.pid])

    def _report_exit(self, status: int) -> None:
        worker, self._worker = self._worker, None
        memory, self._memory = self._memory, MemoryWatch(None)
        kill_group(worker.pid)
        left = self._kill_descendants()
        failure = worker.close()
        if os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL:
            memory.explain_kill()
        left_detail = f"{left} processes of the session could not be killed" if left else ""
        reason = "memory" if memory.verdict else "spawn_failed" if failure else None
        detail = memory.verdict or failure or left_detail
        self._send(exit_frame(worker.epoch, status, reason=reason, detail=detail))

    def _on_lifeline(self) -> None:
        if not os.read(0, 4096):
            self._is_stopping = True

    def _kill_worker(self) -> None:
        if self._worker:
            os.kill(self._worker.pid, signal.SIGKILL)
            _, status = os.waitpid(self._worker.pid, 0)
            self._report_exit(status)
        else:
            self._kill_descendants()

    def _kill_descendants(self) -> int:
        return kill_descendants(
            self._settings.instance_id,
            all_are_ours=self._all_are_ours,
            owns_namespace=self._owns_namespace,
        )

    def _disconnect(self, error: Exception) -> None:
        # The agent closes it when the session ends.
        if not isinstance(error, ConnectionClosed):
            self._log(f"lost the connection to the agent: {error}")
        connection, self._connection = self._connection, None
        self._selector.unregister(connection.fileno())
        connection.close()
        self._kill_worker()
        time.sleep(_FIRST_RETRY_SECONDS)

    def _send(self, message: dict) -> None:
        if self._connection is None:
            return
        try:
            self._connection.send(message)
        except OSError:
            # The next read finds the end of the stream and handles the lost connection.
            return

    def _release_in_child(self) -> None:
        self._wakeup.close()
        self._selector.close()
        if self._connection:
            self._connection.close()
