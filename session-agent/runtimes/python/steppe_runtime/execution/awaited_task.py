"""The task of a step with a top-level await, and how an interrupt ends it."""

from __future__ import annotations


class AwaitedTask:
    """`outside` is the code that runs the loop: its frame is the outermost that counts."""

    def __init__(self, asyncio, loop, task, outside):
        self._loop = loop
        self._task = task
        self._outside = outside
        self._run_callback = asyncio.Handle._run.__code__

    def must_wait(self, frame) -> bool:
        """
        The loop is amid a callback of its own. It may just have seen that a future is pending, and would resolve it after a
        cancellation that comes now.
        """
        frames = self._frames_from(frame)
        if _runs_user_code(frames):
            return False
        return any(outer.f_code is self._run_callback for outer in frames[1:])

    def end(self, frame) -> bool:
        """Cancels the task if the loop is waiting or between callbacks; false where code runs, for an exception to end it."""
        if _runs_user_code(self._frames_from(frame)):
            return False
        self._task.cancel()
        # Wakes a select() with a long timeout.
        self._loop.call_soon_threadsafe(_nothing)
        return True

    def _frames_from(self, frame) -> list | None:
        """From the interrupted one out to the one that runs the loop; None where that is not under way."""
        frames = []
        while frame is not None:
            if frame.f_code is self._outside:
                return frames
            frames.append(frame)
            frame = frame.f_back
        return None


def _runs_user_code(frames: list | None) -> bool:
    """Anything but the loop itself."""
    return frames is None or any(
        not _is_the_loops(frame.f_globals.get("__name__", "")) for frame in frames
    )


def _is_the_loops(module: str) -> bool:
    return module == "selectors" or module.partition(".")[0] == "asyncio"


def _nothing() -> None:
    pass
