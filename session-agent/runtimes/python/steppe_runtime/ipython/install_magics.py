"""Puts `get_ipython()` and what the lines of cells become in reach, without what they import: many sessions use neither."""

from __future__ import annotations

import builtins

from .cell_syntax import SHELL


def install_magics(namespace: dict, workspace: str) -> None:
    shell = _ShellOnDemand(namespace, workspace)

    def get_ipython():
        return shell.made()

    builtins.get_ipython = get_ipython
    # A cell may give that name to something else; its lines continue.
    setattr(builtins, SHELL, shell)


class _ShellOnDemand:
    """Stands for the shell until the first line uses it."""

    def __init__(self, namespace: dict, workspace: str):
        self._namespace = namespace
        self._workspace = workspace
        self._shell = None

    def made(self):
        if self._shell is None:
            from .magics import Shell

            self._shell = Shell(self._namespace, self._workspace)
            setattr(builtins, SHELL, self._shell)
        return self._shell

    def __getattr__(self, name: str):
        return getattr(self.made(), name)
