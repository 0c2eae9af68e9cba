"""The task of a step with a top-level await, and how an interrupt cancels it."""

from __future__ import annotations


class AwaitedTask:
    """`outside` is the code that runs the loop: its frame is the outermost one that counts."""

    def __init__(self, asyncio, loop, task, outside):
        self._loop = loop
        self._task = task
        self._outside = outside
        self._run_callback = asyncio.Handle._run.__code__

    def must_wait(self, frame) -> bool:
        """
        True while the loop runs a callback of its own. It may just have found that a future is
        pending, and would resolve it after a cancellation that comes now.
        """
        frames = self._frames_from(frame)
        if _runs_user_code(frames):
            return False
        return any(outer.f_code is self._run_callback for outer in frames[1:])

    def cancel(self, frame) -> bool:
        """
        Cancels the task if the loop is waiting or between callbacks. Returns False while code runs:
        then an exception must interrupt that code.
        """
        if _runs_user_code(self._frames_from(frame)):
            return False
        self._task.cancel()
        # Wakes up a select() that has a long timeout.
        self._loop.call_soon_threadsafe(_nothing)
        return True

    def _frames_from(self, frame) -> list | None:
        """
        The frames from the interrupted one to the one that runs the loop; None if the loop is not
        running.
        """
        frames = []
        while frame is not None:
            if frame.f_code is self._outside:
                return frames
            frames.append(frame)
            frame = frame.f_back
        return None


def _runs_user_code(frames: list | None) -> bool:
    """True if anything but the loop itself runs."""
    return frames is None or any(
        not _is_loop_module(frame.f_globals.get("__name__", "")) for frame in frames
    )


def _is_loop_module(module: str) -> bool:
    return module == "selectors" or module.partition(".")[0] == "asyncio"


def _nothing() -> None:
    pass
