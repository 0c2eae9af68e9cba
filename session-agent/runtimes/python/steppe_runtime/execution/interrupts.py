"""SIGINT becomes KeyboardInterrupt, in the step it was sent for and nowhere else."""

from __future__ import annotations

import _thread
import os
import signal
import sys
import threading
import time

# signal.getsignal() looks the handler up in an enum first, which costs more than the rest of a step's start.
from _signal import getsignal

from ..worker.interrupt_request import InterruptRequest
from .awaited_task import AwaitedTask

# Half of what the agent waits before it kills.
_MAX_WAIT_SECONDS = 1.0
_LOOK_AGAIN_SECONDS = 0.01
# Ignored by default, and used by no library: one that comes late does no harm.
_LOOK_AGAIN = signal.SIGURG


class Interrupts:
    """
    Armed while user code runs on the main thread, and raises at most once for the agent in a step. The interrupt request says
    which step a signal is for: one that comes too late is ignored, one that came before its step had begun is kept.
    An import is given time to end, since C extensions such as numpy's cannot be loaded again after half of one, and so
    is the turn of an asyncio loop, which forgets the callback it was about to call.
    """

    def __init__(self, interrupt_request: InterruptRequest):
        self._interrupt_request = interrupt_request
        self._pid = os.getpid()
        self._main_thread = threading.get_ident()
        # What was requested before this interpreter was there, it must find as well.
        self._seen = 0
        self._step_id: str | None = None
        self._held = 0
        self._pending = False
        # When it is raised at the latest, once it is due and could not be raised at once.
        self._raised_by: float | None = None
        # The function itself: user code may put another in its place.
        self._clock = time.monotonic
        self.fired = False
        # While the step awaits: what ends it in a gentler way than an exception in whatever the loop is at.
        self.awaited: AwaitedTask | None = None

    def install(self) -> None:
        """To be called once."""
        signal.signal(signal.SIGINT, self._on_signal)
        report = sys.unraisablehook

        def raise_again(unraisable):
            # Callbacks of weak references, of os.fork() and the like lose what is raised in them.
            is_interrupt = (
                unraisable.exc_type is KeyboardInterrupt
                and self.fired
                and self._step_id is not None
            )
            if not is_interrupt or not self._is_here():
                return report(unraisable)
            self._raise_later(0)

        sys.unraisablehook = raise_again

    def arm(self, step_id: str) -> None:
        # A library or an earlier step may have put its own handler there.
        if getsignal(signal.SIGINT) != self._on_signal:
            signal.signal(signal.SIGINT, self._on_signal)
        self.fired = self._pending = False
        self._held = 0
        self._raised_by = None
        self._step_id = step_id
        count, target_step = self._interrupt_request.read()
        if count != self._seen:
            # Before it counts as seen: its signal may come now, and would be taken for one of the user's own.
            self.fired = target_step == step_id
            self._seen = count
            if self.fired:
                self._interrupt(None)

    def disarm(self) -> None:
        self._step_id = None
        self._pending = False
        self._raised_by = None

    def _on_signal(self, _number, frame) -> None:
        if os.getpid() != self._pid:
            # A process that user code forked: as in any Python program.
            raise KeyboardInterrupt
        if self._step_id is None:
            return
        count, target_step = self._interrupt_request.read()
        if count == self._seen:
            # The agent did not send it: user code signalled itself.
            raise KeyboardInterrupt
        self._seen = count
        if target_step == self._step_id and not self.fired:
            self._fire(frame)

    def _fire(self, frame) -> None:
        self.fired = True
        if self._must_wait(frame):
            self._raise_later(_MAX_WAIT_SECONDS)
        else:
            self._interrupt(frame)

    def _must_wait(self, frame) -> bool:
        return self._is_amid_loop_turn(frame) or _is_importing(frame)

    def _is_amid_loop_turn(self, frame) -> bool:
        if self.awaited:
            return self.awaited.must_wait(frame)
        # A loop that user code runs by itself.
        return frame.f_globals.get("__name__", "").startswith("asyncio.")

    def _raise_later(self, within_seconds: float) -> None:
        """As soon as nothing has to be waited for, or the time is up. Nothing tells of that: it is looked for."""
        signal.signal(_LOOK_AGAIN, self._on_look_again)
        self._raised_by = self._clock() + within_seconds
        try:
            # Without the locks of `threading`, which the interrupted code may hold.
            _thread.start_new_thread(self._make_look_again, (self._step_id,))
        except RuntimeError:
            # There is no room for a thread.
            raise KeyboardInterrupt from None

    def _is_here(self) -> bool:
        return os.getpid() == self._pid and threading.get_ident() == self._main_thread

    def _interrupt(self, frame) -> None:
        if self._held:
            self._pending = True
        elif not (self.awaited and frame and self.awaited.end(frame)):
            raise KeyboardInterrupt

    def _make_look_again(self, step_id: str) -> None:
        while self._step_id == step_id and self._raised_by is not None:
            time.sleep(_LOOK_AGAIN_SECONDS)
            signal.pthread_kill(self._main_thread, _LOOK_AGAIN)

    def _on_look_again(self, _number, frame) -> None:
        due = self._raised_by
        if due is None or not self._is_here() or (self._must_wait(frame) and self._clock() < due):
            return
        self._raised_by = None
        self._interrupt(frame)

    def hold(self) -> None:
        """An interrupt waits until `release`: half a frame on the control connection would end the worker."""
        if threading.get_ident() == self._main_thread:
            self._held += 1

    def release(self) -> None:
        if threading.get_ident() == self._main_thread:
            self._held -= 1
            if self._pending and not self._held:
                self._pending = False
                raise KeyboardInterrupt


def _is_importing(frame) -> bool:
    while frame is not None:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False
