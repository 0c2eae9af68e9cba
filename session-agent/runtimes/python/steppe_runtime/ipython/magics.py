"""What `get_ipython()` returns in a worker: the calls that `!command` and `%magic` lines become."""

from __future__ import annotations

import builtins
import inspect
import os
import re
import sys

from ..io.figures import show_in_results
from ..packages.pip_install import plain_pip_install, run_pip
from .shell_commands import fill_in, read_command, run_command, run_script
from .timing_magics import Stopwatch, time_repeatedly, time_statement


class UsageError(Exception):
    """IPython reports unknown or misused magics under this name."""

    __module__ = "builtins"


class Shell:
    def __init__(self, namespace: dict, workspace: str):
        self.user_ns = namespace
        self._previous_directory = workspace

    def system(self, command: str) -> None:
        command = fill_in(command, _names_of(sys._getframe(1)))
        install = plain_pip_install(command)
        # IPython keeps it there too, except that here it is a built-in name.
        builtins._exit_code = run_command(command) if install is None else run_pip(install)

    def getoutput(self, command: str):
        return read_command(fill_in(command, _names_of(sys._getframe(1))))

    def magic(self, line: str):
        """An older form that is still in use."""
        name, _, arguments = line.strip().removeprefix("%").partition(" ")
        return self._run_line(name, arguments.strip(), _names_of(sys._getframe(1)))

    def run_line_magic(self, name: str, arguments: str):
        return self._run_line(name, arguments, _names_of(sys._getframe(1)))

    def _run_line(self, name: str, arguments: str, names: dict):
        magic = _known(self, f"_line_{name}", f"%{name}")
        return magic(arguments if name in _OF_CODE else fill_in(arguments, names), names)

    def run_cell_magic(self, name: str, arguments: str, body: str):
        return _known(self, f"_cell_{name}", f"%%{name}")(arguments, body)

    def _line_pip(self, arguments: str, _names: dict) -> None:
        builtins._exit_code = run_pip(arguments)

    def _line_cd(self, arguments: str, _names: dict) -> None:
        target = arguments.strip().strip("'\"")
        before = os.getcwd()
        os.chdir(self._previous_directory if target == "-" else os.path.expanduser(target or "~"))
        self._previous_directory = before
        print(os.getcwd())

    def _line_pwd(self, _arguments: str, _names: dict) -> str:
        return os.getcwd()

    def _line_env(self, arguments: str, _names: dict):
        name, sign, value = arguments.partition("=" if "=" in arguments else " ")
        if not arguments:
            return dict(os.environ)
        if not sign:
            if name not in os.environ:
                raise UsageError(f"the environment variable {name} is not set")
            return os.environ[name]
        os.environ[name.strip()] = value.strip()
        print(f"env: {name.strip()}={value.strip()}")
        return None

    _line_set_env = _line_env

    def _line_time(self, arguments: str, names: dict):
        return time_statement(arguments, names)

    def stopwatch(self) -> Stopwatch:
        return Stopwatch()

    def started_stopwatch(self) -> Stopwatch:
        return Stopwatch().__enter__()

    def timed(self, watch: Stopwatch, value):
        watch.__exit__(None)
        return value

    def _line_timeit(self, arguments: str, names: dict):
        return time_repeatedly(arguments, None, names)

    def _line_matplotlib(self, _arguments: str, _names: dict) -> None:
        """Figures are always shown in the same way, whatever the arguments are."""
        show_in_results()

    def _line_config(self, arguments: str, _names: dict) -> None:
        """Usually sets up the inline backend; only the format of figures has an effect here."""
        found = _FIGURE_FORMAT.search(arguments)
        if found:
            os.environ["STEPPE_FIGURE_FORMAT"] = found[1]

    def _line_pinfo(self, arguments: str, names: dict) -> None:
        try:
            value = eval(arguments, names)
        except Exception:
            print(f"Object `{arguments}` not found.")
            return
        try:
            print(f"{arguments}{inspect.signature(value)}")
        except (TypeError, ValueError):
            print(f"{arguments}: {type(value).__name__}")
        print(inspect.getdoc(value) or "(no documentation)")

    def _cell_bash(self, arguments: str, body: str) -> None:
        run_script("bash", arguments, body)

    def _cell_sh(self, arguments: str, body: str) -> None:
        run_script("sh", arguments, body)

    def _cell_timeit(self, arguments: str, body: str):
        return time_repeatedly(arguments, body, self.user_ns)

    def _cell_writefile(self, arguments: str, body: str) -> None:
        append, path = (
            arguments.startswith("-a "),
            arguments.removeprefix("-a ").strip().strip("'\""),
        )
        verb = "Appending to" if append else "Overwriting" if os.path.exists(path) else "Writing"
        with open(path, "a" if append else "w", encoding="utf-8") as file:
            file.write(body if body.endswith("\n") else f"{body}\n")
        print(f"{verb} {path}")


# Also matches a list, and the function call that is the newer form.
_FIGURE_FORMAT = re.compile(r"""\bfigure_formats?\s*=\s*[\[{(]?\s*['"](svg|png)\b""")
# Magics whose braces and dollars are part of Python code.
_OF_CODE = {"time", "timeit", "pinfo", "config"}


def _known(shell: Shell, method: str, written: str):
    found = getattr(shell, method, None)
    if found is None:
        kind = method.split("_")[1]
        names = [
            name.rpartition(f"_{kind}_")[2] for name in dir(shell) if name.startswith(f"_{kind}_")
        ]
        sign = "%%" if kind == "cell" else "%"
        known = ", ".join(f"{sign}{name}" for name in sorted({*names, "time"}))
        raise UsageError(f"the magic {written} is not available here; available: {known}")
    return found


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
