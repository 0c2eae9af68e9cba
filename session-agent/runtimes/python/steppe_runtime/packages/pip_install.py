"""
`%pip` and a plain `!pip install`. `pip_redirect.py` redirects them into the workspace like any
other pip.
"""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Mapping

from ..ipython.commands.shell_commands import run_command, run_program
from .replaced_packages import noting_replaced_packages

# Excludes everything that only a shell can evaluate.
_PLAIN = r"""(?:"[^"$`]*"|'[^']*'|[^|&;<>$`"'*~])*"""
_PIP_INSTALL = re.compile(
    rf"\s*(?:(?:python3?|{re.escape(sys.executable)})\s+-m\s+)?pip3?\s+((?:-\S+\s+)*install\b{_PLAIN})"
)
_COMMENT = re.compile(r"(?:^|\s)#.*")
# Not the `>=` of a version, since it begins a word.
_OF_SHELL = re.compile(r"\d?[|&;<>]")
_NAMES_ITS_INDEX = re.compile(
    r"\s(?:-i|--index-url|--extra-index-url|--no-index|-f|--find-links)\b"
)
_QUIET = {
    "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    "PIP_NO_INPUT": "1",
    "PIP_ROOT_USER_ACTION": "ignore",
}


def plain_pip_install(command: str) -> str | None:
    """The arguments, if the shell command is a single `pip install`."""
    found = _PIP_INSTALL.fullmatch(command)
    return found[1] if found else None


def run_pip(arguments: str) -> int:
    # Not with shlex: the `#` of `git+https://…#egg=` begins no comment.
    arguments = _COMMENT.sub("", arguments)
    words = shlex.split(arguments)
    environment = {**os.environ, **_QUIET}
    if _command(words) == "install" and not _NAMES_ITS_INDEX.search(arguments):
        # Imported here because its imports would add a tenth to an idle worker's memory.
        from .package_index import unreachable_index

        host = unreachable_index(environment)
        if host and not _has_local_source(words, environment):
            sentence = (
                f"pip: {host} cannot be reached from this session, so nothing can be installed."
            )
            print(sentence, file=sys.stderr)
            return 1
        if host:
            environment["PIP_NO_INDEX"] = "1"
    with noting_replaced_packages():
        if any(map(_OF_SHELL.match, words)):
            command = f"{shlex.quote(sys.executable)} -m pip {arguments}"
            return run_command(command, env=environment)
        return run_program([sys.executable, "-m", "pip", *words], env=environment)


def _command(words: list[str]) -> str | None:
    return next((word for word in words if not word.startswith("-")), None)


def _has_local_source(words: list[str], environment: Mapping[str, str]) -> bool:
    return "PIP_FIND_LINKS" in environment or any(
        os.sep in word and os.path.exists(word) for word in words
    )
