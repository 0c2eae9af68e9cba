"""The FIFOs of a worker: fds 1 and 2 for user code, and a private open of each for the markers."""

from __future__ import annotations

import fcntl
import os


class RawPipes:
    def __init__(self, run_dir: str, epoch: int):
        """
        Replaces fds 1 and 2. Raises OSError (ENXIO) without a reader: the agent opens its ends
        before `spawn`.
        """
        self._marker_fds: dict[int, int] = {}
        for fd, name in ((1, "out"), (2, "err")):
            path = os.path.join(run_dir, f"{epoch}.{name}")
            self._marker_fds[fd] = _open_for_writing(path)
            opened = _open_for_writing(path)
            os.dup2(opened, fd, inheritable=True)
            os.close(opened)

    @property
    def private_fds(self) -> list[int]:
        return list(self._marker_fds.values())

    def prepare(self) -> None:
        for fd in self._marker_fds:
            try:
                make_blocking(fd)
            except OSError:
                self._reopen(fd)

    def mark(self, nonce: str, name: str) -> None:
        """Writes a marker to both."""
        marker = f"\x1esteppe:{nonce}:{name}\x1e".encode()
        for fd in self._marker_fds.values():
            os.write(fd, marker)

    def _reopen(self, fd: int) -> None:
        """
        User code closed fd 1 or 2. A path through /proc opens the pipe again, even an unlinked one.
        """
        private = self._marker_fds[fd]
        try:
            opened = os.open(f"/proc/self/fd/{private}", os.O_WRONLY)
        except OSError:
            os.dup2(private, fd, inheritable=True)
            return
        if opened != fd:
            os.dup2(opened, fd)
            os.close(opened)
        os.set_inheritable(fd, True)


def _open_for_writing(path: str) -> int:
    fd = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    make_blocking(fd)
    return fd


def make_blocking(fd: int) -> None:
    """A child that shares the pipe may have set O_NONBLOCK, which truncates large writes."""
    flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    if flags & os.O_NONBLOCK:
        fcntl.fcntl(fd, fcntl.F_SETFL, flags & ~os.O_NONBLOCK)
