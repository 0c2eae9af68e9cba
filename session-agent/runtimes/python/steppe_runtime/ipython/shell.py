"""What `get_ipython()` returns in a worker: the calls that `!command` and `%magic` lines become."""

from __future__ import annotations

import builtins
import importlib
import sys
import types

from ..execution.error_report import print_error
from ..packages.pip_install import plain_pip_install, run_pip
from . import shim
from .cells.cell_events import CellEvents
from .cells.execution_result import ExecutionInfo, ExecutionResult
from .cells.interactivity import MODULE, chosen
from .commands.shell_commands import fill_in, read_command, run_command
from .commands.shell_lines import ShellLines
from .known_magics import KnownMagics
from .magics.timing import Stopwatch

_OF_MODULE = {*vars(types.ModuleType("m")), "__builtins__", "__annotations__", "__file__"}


class Shell(KnownMagics):
    def __init__(self, parts: shim.ShellParts):
        super().__init__()
        self.user_ns = self.user_global_ns = parts.namespace
        self.previous_directory = parts.workspace
        self.notebook = parts.notebook
        # The names of loaded extensions, and what %autoreload watches.
        self.extensions: set[str] = set()
        self.autoreload = None
        self._cells = parts.cells
        self._place: tuple[str, int] | None = None
        self._inner_cells = 0

    @property
    def user_module(self):
        return sys.modules["__main__"]

    @property
    def execution_count(self) -> int:
        return self.notebook.history.number

    @property
    def ast_node_interactivity(self) -> str:
        return chosen()

    @ast_node_interactivity.setter
    def ast_node_interactivity(self, mode: str) -> None:
        importlib.import_module(MODULE).InteractiveShell.ast_node_interactivity = mode

    @property
    def events(self) -> CellEvents:
        if self.notebook.events is None:
            self.notebook.events = CellEvents()
        return self.notebook.events

    @property
    def display_formatter(self):
        from .formatters import display_formatter

        return display_formatter

    def system(self, cmd: str) -> None:
        self.run_filled_in(fill_in(cmd, _names_of(sys._getframe(1))))

    def getoutput(self, cmd: str, split: bool = True) -> ShellLines | str:
        lines = read_command(fill_in(cmd, _names_of(sys._getframe(1))))
        return lines if split else lines.n

    def magic(self, line: str):
        """An older form that is still in use."""
        name, _, arguments = line.strip().removeprefix("%").partition(" ")
        return self._run_line(name, arguments.strip(), _names_of(sys._getframe(1)))

    def run_line_magic(self, magic_name: str, line: str, **_ipython):
        return self._run_line(magic_name, line, _names_of(sys._getframe(1)))

    def run_cell_magic(self, magic_name: str, line: str, cell: str):
        caller = sys._getframe(1)
        magic = self.cell_magic(magic_name)
        names = _names_of(caller)
        place, self._place = self._place, (caller.f_code.co_filename, caller.f_lineno)
        try:
            return magic.run(self, fill_in(line, names) if magic.expands else line, cell, names)
        finally:
            self._place = place

    def run_cell(
        self, raw_cell: str, store_history: bool = False, silent: bool = False, **_jupyter
    ):
        """Shows the value, unless it is silent. An error is printed and is in the result."""
        info = ExecutionInfo(raw_cell, store_history, silent)
        try:
            value = self._cells.run_inside(raw_cell, self._new_name())
        except Exception as error:
            print_error(error)
            return ExecutionResult(info, None, error=error)
        if not silent:
            self.show_value(value)
        return ExecutionResult(info, None, value)

    def run_body(self, body: str):
        """
        Runs the rest of a cell that starts with a magic, and returns its value. Lines have the
        numbers that they have in the cell.
        """
        filename, line = self._place or ("", 0)
        if filename == f"<step {self.execution_count}>":
            return self._cells.run_inside("\n" * line + body, filename)
        return self._cells.run_inside(body, self._new_name())

    def show_value(self, value) -> None:
        """Shows the value of an expression in the middle of a cell."""
        if value is not None:
            shim.displays.display(value)

    def run_text(self, source: str) -> None:
        """Runs a cell of a file and shows its value. Raises its error."""
        self.show_value(self._cells.run_inside(source, self._new_name()))

    def clear_names(self) -> None:
        """All but those that a module has."""
        for name in [name for name in self.user_ns if name not in _OF_MODULE]:
            del self.user_ns[name]

    def reset(self, new_session: bool = True, aggressive: bool = False) -> None:
        self.clear_names()
        if new_session:
            self.notebook.history.forget_results()

    def del_var(self, varname: str, by_name: bool = False) -> None:
        """Deletes the name, and unless `by_name` all others, and results, of the same value."""
        if varname not in self.user_ns or varname in _OF_MODULE:
            raise NameError(f"name '{varname}' is not defined")
        value = self.user_ns.pop(varname)
        if by_name:
            return
        for name in [name for name, other in self.user_ns.items() if other is value]:
            del self.user_ns[name]
        self.notebook.history.forget(value)

    def push(self, variables, interactive: bool = True) -> None:
        """A dictionary, or the names of variables of the caller."""
        if not isinstance(variables, dict):
            names = variables.split() if isinstance(variables, str) else variables
            found = _names_of(sys._getframe(1))
            variables = {name: found[name] for name in names}
        self.user_ns.update(variables)

    def ev(self, expr: str):
        return eval(expr, self.user_ns)

    def ex(self, cmd: str) -> None:
        exec(cmd, self.user_ns)

    def set_next_input(self, text: str, replace: bool = False) -> None:
        """A client that has cells to fill finds the text in the results."""
        shim.displays.display(
            {"text/plain": text}, raw=True, metadata={"next_input": {"replace": replace}}
        )

    def showtraceback(self, *_arguments, **_options) -> None:
        error = sys.exc_info()[1]
        if error is not None:
            print_error(error)

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

    def _run_line(self, name: str, arguments: str, names: dict):
        magic = self.line_magic(name)
        return magic.run(self, fill_in(arguments, names) if magic.expands else arguments, names)

    def _new_name(self) -> str:
        self._inner_cells += 1
        return f"<cell {self._inner_cells} in step {self.execution_count}>"


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
