"""
Writes the bytecode of a module only once no later version of its file can have the same time.
Python compares the time in seconds and the size: with `x = 1` and a second later `x = 2` it would
run the first again.
"""

from __future__ import annotations

import importlib.machinery
import time

from .module_hooks import named_like

_SETTLED_SECONDS = 2
# Flags of bytecode that Python compares by time.
_BY_TIME = b"\0\0\0\0"


def skip_bytecode_of_new_files() -> None:
    """To be called once per process."""
    loader = importlib.machinery.SourceFileLoader
    write = loader.set_data
    # The function itself, because user code may replace it.
    now = time.time

    def set_data_if_settled(self, path, data, *, _mode=0o666):
        is_new = data[4:8] == _BY_TIME and _age_seconds(data, now()) < _SETTLED_SECONDS
        return None if is_new else write(self, path, data, _mode=_mode)

    loader.set_data = named_like(write, set_data_if_settled)


def _age_seconds(bytecode: bytes, now: float) -> float:
    """How long ago the source was written: negative if its time is in the future."""
    return now - int.from_bytes(bytecode[8:12], "little")
