"""`%pip`."""

from __future__ import annotations

from ...packages.pip_install import run_pip


def pip(shell, arguments: str, _names: dict) -> None:
    """Runs pip. `%pip install` installs into the workspace."""
    shell.set_exit_code(run_pip(arguments))


LINE = {"pip": pip}
