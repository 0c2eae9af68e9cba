"""print() and input() of a worker."""

from __future__ import annotations

import builtins
import sys

from ..packages.module_hooks import named_like

_NO_INPUT = (
    "input() found no input: a step has no keyboard. Pass the value in the code, in a file or in"
    " `env`."
)


def install_atomic_print() -> None:
    """print() writes each line at once, so that lines of threads and processes do not mix."""
    write_parts = builtins.print

    def print(*values, sep=" ", end="\n", file=None, flush=False):
        out = sys.stdout if file is None else file
        # Only for the worker's own streams, and for arguments that are valid.
        is_own = out is sys.__stdout__ or out is sys.__stderr__
        if not is_own or type(sep) is not str or type(end) is not str:
            return write_parts(*values, sep=sep, end=end, file=file, flush=flush)
        out.write(sep.join([str(value) for value in values]) + end)
        if flush:
            out.flush()
        return None

    # Pickle finds it by its name.
    builtins.print = named_like(write_parts, print)


def install_input_hint() -> None:
    """The error of input() explains that nobody can type."""
    read = builtins.input

    def input(prompt="", /):
        try:
            return read(prompt)
        except EOFError:
            if sys.stdin is not sys.__stdin__:
                raise
        raise EOFError(_NO_INPUT)

    builtins.input = named_like(read, input)
