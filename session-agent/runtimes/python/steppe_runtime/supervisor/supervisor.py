"""The supervisor: forks the worker, interrupts and kills it for the agent, and leaves no process behind."""

from __future__ import annotations

import contextlib
import os
import selectors
import signal
import socket
import sys
import time
from collections.abc import Mapping

from ..io.frames import FrameConnection
from ..worker.process_controls import adopt_orphans
from .container_memory import find_container_memory
from .descendants import end_descendants, end_group, reap_children
from .memory_watch import MemoryWatch
from .preload import preload
from .settings import InvalidSettings, Settings, read_settings
from .signal_wakeup import SignalWakeup
from .spawn import ForkedWorker, fork_worker

_EXIT_INVALID_SETTINGS = 78
_FIRST_RETRY_SECONDS = 0.02
_LAST_RETRY_SECONDS = 1.0


def supervise(environment: Mapping[str, str]) -> int:
    try:
        settings = read_settings(environment)
    except InvalidSettings as error:
        _log(str(error))
        return _EXIT_INVALID_SETTINGS
    adopts_orphans = adopt_orphans()
    preload(settings.preload, _log)
    code = Supervisor(settings, adopts_orphans).run()
    if not settings.preload:
        # Nobody has anything to tidy up, and to take an interpreter apart takes a while.
        os._exit(code)
    return code


class Supervisor:
    """A connection that is lost ends the worker with it: `supervisor`, sent first on each, means that none is there."""

    def __init__(self, settings: Settings, adopts_orphans: bool):
        self._settings = settings
        self._all_are_ours = settings.is_first and adopts_orphans
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
        """Returns when told to stop, with no process left."""
        # One before this may have been killed, and have left what its worker had started.
        self._end_descendants()
        while not self._is_stopping:
            if self._connection is None:
                self._connect()
            timeout = (
                self._retry_seconds if self._connection is None else self._memory.interval_seconds
            )
            for key, _ in self._selector.select(timeout):
                key.data()
            if self._worker and self._memory.is_exhausted():
                os.kill(self._worker.pid, signal.SIGKILL)
        self._end_worker()
        return 0

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
        self._send(
            {"type": "supervisor", "language": "python", "version": version, "pid": os.getpid()}
        )

    def _on_frames(self) -> None:
        connection = self._connection
        if connection is None:
            return
        try:
            for command in connection.receive():
                self._obey(command)
        except (OSError, ValueError, KeyError, TypeError) as error:
            self._disconnect(error)

    def _obey(self, command: dict) -> None:
        if command["type"] == "spawn":
            self._spawn(command["epoch"], command["env"], command["memory_bytes"])
        elif command["type"] == "interrupt":
            worker = self._worker_of(command["epoch"])
            if worker:
                worker.interrupt_request.send(command["step_id"])
                os.kill(worker.pid, signal.SIGINT)
            self._send({"type": "interrupted", "step_id": command["step_id"]})
        elif command["type"] == "kill":
            worker = self._worker_of(command["epoch"])
            if worker:
                # Whatever memory does from now on, it is the agent's kill.
                self._memory = MemoryWatch(None)
                os.kill(worker.pid, signal.SIGKILL)

    def _spawn(self, epoch: int, env: Mapping[str, str], memory_bytes: int | None) -> None:
        try:
            if self._worker:
                raise OSError(f"the worker of epoch {self._worker.epoch} still runs")
            self._memory = MemoryWatch(find_container_memory())
            self._worker = fork_worker(
                self._settings, epoch, env, memory_bytes, self._release_in_child
            )
        except OSError as error:
            self._send_exit(
                epoch, reason="spawn_failed", detail=f"no worker could be forked: {error}"
            )
            return
        self._send({"type": "spawned", "epoch": epoch, "pid": self._worker.pid})

    def _worker_of(self, epoch: int) -> ForkedWorker | None:
        # A worker is reaped only by this thread, so its pid is its own until then.
        return self._worker if self._worker and self._worker.epoch == epoch else None

    def _on_signal(self) -> None:
        self._wakeup.clear()
        self._is_stopping = self._is_stopping or self._wakeup.stopped
        ended = reap_children()
        if self._worker and self._worker.pid in ended:
            self._bury(ended[self._worker.pid])

    def _bury(self, status: int) -> None:
        worker, self._worker = self._worker, None
        memory, self._memory = self._memory, MemoryWatch(None)
        end_group(worker.pid)
        left = self._end_descendants()
        failure = worker.close()
        signalled = os.WIFSIGNALED(status)
        if signalled and os.WTERMSIG(status) == signal.SIGKILL:
            memory.explain_kill()
        self._send_exit(
            worker.epoch,
            code=None if signalled else os.WEXITSTATUS(status),
            signal_name=_signal_name(os.WTERMSIG(status)) if signalled else None,
            reason="memory" if memory.verdict else "spawn_failed" if failure else None,
            detail=memory.verdict
            or failure
            or (f"{left} processes of the session could not be ended" if left else ""),
        )

    def _on_lifeline(self) -> None:
        if not os.read(0, 4096):
            self._is_stopping = True

    def _end_worker(self) -> None:
        if self._worker:
            os.kill(self._worker.pid, signal.SIGKILL)
            _, status = os.waitpid(self._worker.pid, 0)
            self._bury(status)
        else:
            self._end_descendants()

    def _end_descendants(self) -> int:
        return end_descendants(self._settings.instance_id, all_are_ours=self._all_are_ours)

    def _disconnect(self, error: Exception) -> None:
        _log(f"the connection to the agent is lost: {error}")
        connection, self._connection = self._connection, None
        self._selector.unregister(connection.fileno())
        connection.close()
        self._end_worker()
        time.sleep(_FIRST_RETRY_SECONDS)

    def _send_exit(
        self, epoch: int, *, code=None, signal_name=None, reason=None, detail=""
    ) -> None:
        exit_frame = {
            "type": "exit",
            "epoch": epoch,
            "code": code,
            "signal": signal_name,
            "reason": reason,
        }
        self._send({**exit_frame, "detail": detail[:2000]})

    def _send(self, message: dict) -> None:
        if self._connection is None:
            return
        try:
            self._connection.send(message)
        except OSError:
            # The socket reads as ended next, and that is where a lost connection is dealt with.
            return

    def _release_in_child(self) -> None:
        self._wakeup.close()
        self._selector.close()
        if self._connection:
            self._connection.close()


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIG{number}"


def _log(sentence: str) -> None:
    # Whoever read our standard error may be gone: that must not keep the worker alive.
    with contextlib.suppress(OSError):
        print(f"steppe python supervisor: {sentence}", file=sys.stderr, flush=True)
