"""Commands of the shell that have a magic."""

from __future__ import annotations

from ..commands.shell_commands import read_command
from ..commands.shell_lines import ShellLines

# IPython's names for them. Its `rm` prompts, but standard input is empty.
_ALIASES = {
    "cat": "cat",
    "cp": "cp",
    "ldir": "ls -F -l | grep /$",
    "lf": "ls -F -l | grep ^-",
    "lk": "ls -F -l | grep ^l",
    "ll": "ls -F -l",
    "ls": "ls -F",
    "lx": "ls -F -l | grep ^-..x",
    "mkdir": "mkdir",
    "mv": "mv",
    "rm": "rm",
    "rmdir": "rmdir",
}


def _run_alias(name: str):
    command, *filters = _ALIASES[name].split(" | ")

    def run(shell, arguments: str, _names: dict) -> None:
        shell.run_filled_in(" | ".join([f"{command} {arguments}".strip(), *filters]))

    run.__doc__ = f"Runs `{_ALIASES[name]}`."
    return run


def _lines_of(_shell, arguments: str, _names: dict) -> ShellLines:
    """Returns the output of a command of the shell, as a list of lines."""
    return read_command(arguments)


def _lines_of_cell(_shell, arguments: str, body: str, _names: dict) -> ShellLines:
    """Returns the output of the cell as a script of the shell, as a list of lines."""
    return read_command(f"{arguments}\n{body}")


LINE = {**{name: _run_alias(name) for name in _ALIASES}, "sx": _lines_of, "system": _lines_of}
CELL = {"!": _lines_of_cell, "sx": _lines_of_cell, "system": _lines_of_cell}
