"""print() hands its line over in one write, so that lines of threads and processes do not mix."""

from __future__ import annotations

import builtins
import sys

from ..packages.wrapping import named_like


def install_atomic_print() -> None:
    write_parts = builtins.print

    def print(*values, sep=" ", end="\n", file=None, flush=False):
        out = sys.stdout if file is None else file
        # Only the worker's own streams, and only arguments that need no complaint.
        is_own = out is sys.__stdout__ or out is sys.__stderr__
        if not is_own or type(sep) is not str or type(end) is not str:
            return write_parts(*values, sep=sep, end=end, file=file, flush=flush)
        out.write(sep.join([str(value) for value in values]) + end)
        if flush:
            out.flush()
        return None

    # It is pickled by its name.
    builtins.print = named_like(write_parts, print)
