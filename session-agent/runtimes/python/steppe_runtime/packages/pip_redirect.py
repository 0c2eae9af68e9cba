"""
Redirects every `pip install` of a cell to the packages of the workspace, unless it names a target
itself.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Sequence

from .module_hooks import named_like, when_imported
from .workspace_packages import WorkspacePackages

_ELSEWHERE = re.compile(r"\s(?:-t|--target|--user|--prefix|--root|--dry-run|--python)\b")
_PYTHON = rf"(?:{re.escape(sys.executable)}|python[\d.]*)"
# Places where a shell accepts a command. The pip of another environment has a `/` in its name.
_IN_SHELL = re.compile(
    r"((?:^|[;&|(\n]|\b(?:then|do|else|sudo|time|exec|nohup|env|timeout\s+\S+)\s)\s*(?:\w+=\S*\s+)*"
    rf"(?:{_PYTHON}\s+-m\s+)?pip[\d.]*(?:\s+-[^\s|&;]+)*\s+install)\b(?=([^|&;\n]*))"
)
_AS_WORDS = re.compile(rf"(?:{_PYTHON}\0-m\0)?pip[\d.]*(?:\0-[^\0]*)*\0install")


def _names_a_place(arguments: str) -> bool:
    return _ELSEWHERE.search(arguments) is not None


def redirect_pip(packages: WorkspacePackages) -> None:
    # Not with PIP_USER: it would hold in virtual environments too, whose pip refuses it.
    options = packages.install_options
    when_imported("subprocess", lambda module: _redirect_processes(module, options))
    system = os.system

    def system_redirected(command):
        return system(redirected_line(command, options) if isinstance(command, str) else command)

    os.system = named_like(system, system_redirected)


def redirected_line(command: str, options: Sequence[str]) -> str:
    """For a shell command. A command that activates another environment first stays as it is."""
    if "activate" in command:
        return command
    words = " ".join(map(shlex.quote, options))
    return _IN_SHELL.sub(
        lambda found: found[0] if _names_a_place(found[2]) else f"{found[0]} {words}", command
    )


def redirected_words(words: Sequence, options: Sequence[str]) -> Sequence:
    if not all(isinstance(word, str) for word in words):
        return words
    if words and os.path.basename(words[0]) in ("sh", "bash") and "-c" in words[:-1]:
        after = words.index("-c") + 1
        return [*words[:after], redirected_line(words[after], options), *words[after + 1 :]]
    if _AS_WORDS.match("\0".join(words)) is None or _names_a_place(f" {' '.join(words)}"):
        return words
    after = words.index("install") + 1
    return [*words[:after], *options, *words[after:]]


def _redirect_processes(module, options: Sequence[str]) -> None:
    start = module.Popen.__init__

    def start_redirected(self, args, *positional, **settings):
        if isinstance(args, (list, tuple)):
            args = redirected_words(args, options)
        elif isinstance(args, str) and settings.get("shell"):
            args = redirected_line(args, options)
        return start(self, args, *positional, **settings)

    module.Popen.__init__ = named_like(start, start_redirected)
