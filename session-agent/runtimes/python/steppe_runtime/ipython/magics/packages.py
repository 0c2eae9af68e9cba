"""`%pip` and `%uv`."""

from __future__ import annotations

import importlib.util
import shlex
import shutil
import sys

from ...packages import workspace_packages
from ...packages.pip_install import run_pip
from ...packages.replaced_packages import noting_replaced_packages
from ..commands.shell_commands import run_program
from ..usage_error import UsageError


def pip(shell, arguments: str, _names: dict) -> None:
    """Runs pip. `%pip install` installs into the workspace."""
    shell.set_exit_code(run_pip(arguments))


def uv(shell, arguments: str, _names: dict) -> None:
    """Runs uv. `%uv pip install` installs into the workspace, with pip if there is no uv."""
    program = _uv()
    if not arguments.startswith("pip "):
        if program is None:
            raise UsageError("uv is not installed: run %pip install uv")
        shell.set_exit_code(run_program([*program, *shlex.split(arguments)]))
        return
    of_pip = arguments.removeprefix("pip ").strip()
    if program is None or not of_pip.startswith("install"):
        # Of the installed packages uv would not see those of the workspace.
        shell.set_exit_code(run_pip(of_pip))
        return
    words = shlex.split(of_pip, comments=True)[1:]
    place = ["--python", sys.executable, *workspace_packages.current.options_of_uv]
    with noting_replaced_packages():
        shell.set_exit_code(run_program([*program, "pip", "install", *place, *words]))


def _uv() -> list[str] | None:
    if shutil.which("uv"):
        return ["uv"]
    return [sys.executable, "-m", "uv"] if importlib.util.find_spec("uv") else None


LINE = {"pip": pip, "uv": uv}
