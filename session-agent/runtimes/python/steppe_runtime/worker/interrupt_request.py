"""
Memory that supervisor and worker share. The supervisor writes which step a SIGINT is meant for, and
the worker which of its children earlier steps have started.
"""

from __future__ import annotations

import contextlib
import fcntl
import mmap
import os
import struct

# Pages that nobody writes take no memory.
_SIZE = 1 << 16
_count = struct.Struct("=I")
_length = struct.Struct("=H")
_NAME_AT = _count.size + _length.size
_CHILDREN_AT = 1024
# Count, and whether a step is running.
_children = struct.Struct("=I?")
_pid = struct.Struct("=I")
_PIDS_AT = _CHILDREN_AT + _children.size
_MAX_CHILDREN = (_SIZE - _PIDS_AT) // _pid.size


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
        name = step_id.encode()[: _CHILDREN_AT - _NAME_AT]
        (count,) = _count.unpack_from(self._memory)
        # The count is written last: a reader that sees it grow finds the complete name.
        self._memory[_NAME_AT : _NAME_AT + len(name)] = name
        _length.pack_into(self._memory, _count.size, len(name))
        _count.pack_into(self._memory, 0, (count + 1) & 0xFFFFFFFF)

    def read(self) -> tuple[int, str]:
        (count,) = _count.unpack_from(self._memory)
        (length,) = _length.unpack_from(self._memory, _count.size)
        return count, self._memory[_NAME_AT : _NAME_AT + length].decode("utf-8", "replace")

    def begin_step(self, children: list[int]) -> None:
        """`children` are those that the worker has before the step."""
        kept = children[:_MAX_CHILDREN]
        struct.pack_into(f"={len(kept)}I", self._memory, _PIDS_AT, *kept)
        _children.pack_into(self._memory, _CHILDREN_AT, len(kept), True)

    def end_step(self) -> None:
        _children.pack_into(self._memory, _CHILDREN_AT, 0, False)

    def earlier_children(self) -> set[int] | None:
        """None while no step is running."""
        count, is_running = _children.unpack_from(self._memory, _CHILDREN_AT)
        if not is_running:
            return None
        # User code has the memory too.
        return set(struct.unpack_from(f"={min(count, _MAX_CHILDREN)}I", self._memory, _PIDS_AT))


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
