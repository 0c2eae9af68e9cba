"""What `get_ipython()` returns in a worker: the calls that `!command` and `%magic` lines become."""

from __future__ import annotations

import builtins
import sys

from ..packages.pip_install import plain_pip_install, run_pip
from .magics import groups
from .magics.timing import Stopwatch
from .shell_commands import fill_in, read_command, run_command
from .usage_error import UsageError


class Shell:
    def __init__(self, namespace: dict, workspace: str):
        self.user_ns = namespace
        self.previous_directory = workspace

    def system(self, command: str) -> None:
        self.run_filled_in(fill_in(command, _names_of(sys._getframe(1))))

    def getoutput(self, command: str):
        return read_command(fill_in(command, _names_of(sys._getframe(1))))

    def magic(self, line: str):
        """An older form that is still in use."""
        name, _, arguments = line.strip().removeprefix("%").partition(" ")
        return self._run_line(name, arguments.strip(), _names_of(sys._getframe(1)))

    def run_line_magic(self, magic_name: str, line: str):
        return self._run_line(magic_name, line, _names_of(sys._getframe(1)))

    def run_cell_magic(self, magic_name: str, line: str, cell: str):
        magic = groups.load_cell_magic(magic_name)
        if magic is None:
            raise self._unknown(f"%%{magic_name}", "cell")
        names = _names_of(sys._getframe(1))
        is_code = magic_name in groups.OF_CODE
        return magic(self, line if is_code else fill_in(line, names), cell, names)

    def stopwatch(self) -> Stopwatch:
        return Stopwatch()

    def started_stopwatch(self) -> Stopwatch:
        return Stopwatch().__enter__()

    def timed(self, watch: Stopwatch, value):
        watch.__exit__(None)
        return value

    def run_filled_in(self, command: str) -> None:
        install = plain_pip_install(command)
        self.set_exit_code(run_command(command) if install is None else run_pip(install))

    def set_exit_code(self, code: int) -> None:
        # IPython keeps it there too, except that here it is a built-in name.
        builtins._exit_code = code

    def names_of_magics(self, kind: str) -> list[str]:
        own = groups.names_of(groups.CELL if kind == "cell" else groups.LINE)
        # A cell with `%%time` has no call of a magic.
        return sorted({*own, "time"})

    def _run_line(self, name: str, arguments: str, names: dict):
        magic = groups.load_line_magic(name)
        if magic is None:
            raise self._unknown(f"%{name}", "line")
        is_code = name in groups.OF_CODE
        return magic(self, arguments if is_code else fill_in(arguments, names), names)

    def _unknown(self, written: str, kind: str) -> UsageError:
        sign = "%%" if kind == "cell" else "%"
        known = ", ".join(f"{sign}{name}" for name in self.names_of_magics(kind))
        return UsageError(f"the magic {written} is not available here; available: {known}")


def _names_of(frame) -> dict:
    """
    The names that the line can use. At the top level of a cell this is __main__ itself, so that
    assignments stay.
    """
    return (
        frame.f_globals
        if frame.f_locals is frame.f_globals
        else {**frame.f_globals, **frame.f_locals}
    )
