"""
Memory that supervisor and worker share, in which the supervisor writes which step a SIGINT is meant
for.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import struct

_SIZE = 1024
_count = struct.Struct("=I")
_length = struct.Struct("=H")
_NAME_AT = _count.size + _length.size


def open_unnamed_file() -> int:
    """A descriptor of a file that leaves nothing on disk to clean up."""
    if hasattr(os, "memfd_create"):
        return os.memfd_create("steppe", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    import tempfile

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


class InterruptRequest:
    """
    Created before the fork, and found again by its `fd` after an exec. `count` grows with every
    request, which distinguishes signals from other senders.
    """

    def __init__(self, fd: int | None = None):
        self.fd = open_unnamed_file() if fd is None else fd
        if fd is None:
            os.ftruncate(self.fd, _SIZE)
            _keep_size(self.fd)
        self._memory = mmap.mmap(self.fd, _SIZE)

    def close(self) -> None:
        self._memory.close()
        os.close(self.fd)

    def send(self, step_id: str) -> None:
        name = step_id.encode()[: _SIZE - _NAME_AT]
        (count,) = _count.unpack_from(self._memory)
        # The count is written last: a reader that sees it grow finds the complete name.
        self._memory[_NAME_AT : _NAME_AT + len(name)] = name
        _length.pack_into(self._memory, _count.size, len(name))
        _count.pack_into(self._memory, 0, (count + 1) & 0xFFFFFFFF)

    def read(self) -> tuple[int, str]:
        (count,) = _count.unpack_from(self._memory)
        (length,) = _length.unpack_from(self._memory, _count.size)
        return count, self._memory[_NAME_AT : _NAME_AT + length].decode("utf-8", "replace")


def _keep_size(fd: int) -> None:
    """
    User code has the file too: if it truncated it, the supervisor's next write would kill the
    supervisor.
    """
    if hasattr(fcntl, "F_ADD_SEALS"):
        with contextlib.suppress(OSError):
            fcntl.fcntl(
                fd, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_SEAL
            )
