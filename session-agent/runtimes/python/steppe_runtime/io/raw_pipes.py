"""The FIFOs of a worker: fds 1 and 2 for user code, and a private open of each for the markers."""

from __future__ import annotations

import os

from .streams import make_blocking


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

    def write_start(self, nonce: str) -> None:
        self._mark(b"\x1esteppe-start:%s\x1e" % nonce.encode())

    def write_end(self, nonce: str) -> None:
        self._mark(b"\x1esteppe-end:%s\x1e" % nonce.encode())

    def _mark(self, marker: bytes) -> None:
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
