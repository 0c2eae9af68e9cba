"""Turns SIGINT into KeyboardInterrupt in the step that it was sent for, and nowhere else."""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
import time

# signal.getsignal() first looks the handler up in an enum, which costs more than the rest of a
# step's start.
from _signal import getsignal
from types import CodeType

from ..packages.module_hooks import named_like
from ..supervisor.descendants import children_of, has_children
from ..worker.interrupt_request import InterruptRequest
from .awaited_task import AwaitedTask
from .raise_interrupt import raise_interrupt

# Half of the time after which the agent kills the worker.
_MAX_WAIT_SECONDS = 1.0
_RECHECK_INTERVAL_SECONDS = 0.01
# Ignored by default, and no library uses it: one that arrives late does no harm.
_RECHECK_SIGNAL = signal.SIGURG


class Interrupts:
    """
    Armed while user code runs on the main thread. Raises once for each request of the agent, but
    after the first only below `user_code`, where an exception cannot reach this program's own end
    of the step. The interrupt request names the step that a signal is meant for: a signal that
    comes too late is ignored, one that comes before its step has begun is kept. An import may
    finish first, since C extensions such as numpy's cannot be loaded again after half of an import.
    So may the current turn of an asyncio loop, which would forget the callback that it was about to
    call.
    """

    def __init__(self, interrupt_request: InterruptRequest, user_code: CodeType | None = None):
        self._user_code = user_code
        self._interrupt_request = interrupt_request
        self._pid = os.getpid()
        self._main_thread = threading.get_ident()
        # A request that was made before this interpreter started must be found too.
        self._seen = 0
        self._step_id: str | None = None
        self._held = 0
        self._pending = False
        # The deadline, while an interrupt is due and could not be raised at once.
        self._raised_by: float | None = None
        # The function itself, because user code may replace `time.monotonic`.
        self._clock = time.monotonic
        self.fired = False
        # Set while the step awaits: it cancels the task, which is gentler than an exception at any
        # place in the loop.
        self.awaited: AwaitedTask | None = None

    def install(self) -> None:
        """To be called once per process."""
        signal.signal(signal.SIGINT, self._on_signal)
        report = sys.unraisablehook

        def raise_again(unraisable):
            # Python swallows what is raised in callbacks of weak references, of os.fork() and the
            # like.
            is_interrupt = (
                unraisable.exc_type is KeyboardInterrupt
                and self.fired
                and self._step_id is not None
            )
            if not is_interrupt or not self._is_here():
                return report(unraisable)
            self._raise_later(0)

        sys.unraisablehook = raise_again
        self._follow_system()

    def _follow_system(self) -> None:
        """The C library ignores SIGINT while os.system() waits for its command."""
        system = os.system

        def interruptible_system(command):
            status = system(command)
            if self._is_here() and self._step_id is not None:
                self._take_missed(sys._getframe())
            return status

        os.system = named_like(system, interruptible_system)

    def _take_missed(self, frame) -> None:
        count, target_step = self._interrupt_request.read()
        if count != self._seen:
            self._seen = count
            if target_step == self._step_id and self._may_fire(frame):
                self._fire(None)

    def arm(self, step_id: str) -> None:
        # A library or an earlier step may have installed its own handler.
        if getsignal(signal.SIGINT) != self._on_signal:
            signal.signal(signal.SIGINT, self._on_signal)
        self.fired = self._pending = False
        self._held = 0
        self._raised_by = None
        self._interrupt_request.begin_step(children_of(self._pid) if has_children() else [])
        self._step_id = step_id
        count, target_step = self._interrupt_request.read()
        if count != self._seen:
            # Set before `_seen`: the signal may arrive now, and would be taken for one of the
            # user's own.
            self.fired = target_step == step_id
            self._seen = count
            if self.fired:
                self._interrupt(None)

    def disarm(self) -> None:
        self._step_id = None
        self._interrupt_request.end_step()
        self._pending = False
        self._raised_by = None

    def _on_signal(self, _number, frame) -> None:
        if os.getpid() != self._pid:
            # In a process that user code forked it works as in any Python program.
            raise KeyboardInterrupt
        if self._step_id is None:
            return
        count, target_step = self._interrupt_request.read()
        if count == self._seen:
            # The agent did not send it: user code sent a signal to itself.
            raise KeyboardInterrupt
        self._seen = count
        if target_step == self._step_id and self._may_fire(frame):
            self._fire(frame)

    def _may_fire(self, frame) -> bool:
        if not self.fired:
            return True
        # An interrupt that waits for its moment stands for the next ones too.
        if self._raised_by is not None or self._pending:
            return False
        # While the step awaits, older Pythons do not always link its frames.
        return self.awaited is not None or _is_below(self._user_code, frame)

    def _fire(self, frame) -> None:
        self.fired = True
        if self._must_wait(frame):
            self._raise_later(_MAX_WAIT_SECONDS)
        else:
            self._interrupt(frame)

    def _must_wait(self, frame) -> bool:
        return self._is_amid_loop_turn(frame) or _is_importing(frame)

    def _is_amid_loop_turn(self, frame) -> bool:
        if frame is None:
            return False
        if self.awaited:
            return self.awaited.must_wait(frame)
        # A loop that user code runs itself.
        return frame.f_globals.get("__name__", "").startswith("asyncio.")

    def _raise_later(self, within_seconds: float) -> None:
        """
        Raises as soon as nothing must finish first, or at the deadline. No event reports that, so
        it is polled.
        """
        signal.signal(_RECHECK_SIGNAL, self._on_recheck)
        self._raised_by = self._clock() + within_seconds
        try:
            # `_thread` takes none of the locks of `threading`, which the interrupted code may hold.
            _thread.start_new_thread(self._send_rechecks, (self._step_id,))
        except RuntimeError:
            # No thread can be started.
            raise KeyboardInterrupt from None

    def _is_here(self) -> bool:
        return os.getpid() == self._pid and threading.get_ident() == self._main_thread

    def _interrupt(self, frame) -> None:
        if self._held:
            self._pending = True
        elif not (self.awaited and frame and self.awaited.cancel(frame)):
            raise_interrupt(frame)

    def _send_rechecks(self, step_id: str) -> None:
        while self._step_id == step_id and self._raised_by is not None:
            time.sleep(_RECHECK_INTERVAL_SECONDS)
            signal.pthread_kill(self._main_thread, _RECHECK_SIGNAL)

    def _on_recheck(self, _number, frame) -> None:
        due = self._raised_by
        if due is None or not self._is_here() or (self._must_wait(frame) and self._clock() < due):
            return
        self._raised_by = None
        self._interrupt(frame)

    def hold(self) -> None:
        """
        Delays interrupts until `release`: half a frame on the control connection would end the
        worker.
        """
        if threading.get_ident() == self._main_thread:
            self._held += 1

    def release(self) -> None:
        if threading.get_ident() == self._main_thread:
            self._held -= 1
            if self._pending and not self._held:
                self._pending = False
                raise KeyboardInterrupt


class UninterruptedLock:
    """A lock for code that an interrupt must not leave half done."""

    def __init__(self, interrupts: Interrupts):
        self._interrupts = interrupts
        self._lock = threading.RLock()

    def __enter__(self):
        self._interrupts.hold()
        self._lock.acquire()
        return self

    def __exit__(self, *_):
        self._lock.release()
        self._interrupts.release()

    def renew_after_fork(self) -> None:
        self._lock = threading.RLock()


def _is_below(code: CodeType | None, frame) -> bool:
    while frame is not None and frame.f_code is not code:
        frame = frame.f_back
    return frame is not None


def _is_importing(frame) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
