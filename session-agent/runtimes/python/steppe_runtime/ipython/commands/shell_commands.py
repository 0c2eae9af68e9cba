"""Runs `!command` lines and `%%bash` cells on the step's own streams."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import string
import subprocess
from collections.abc import Mapping

from .replaced_streams import flush_streams, pass_on, replaced_streams
from .shell_lines import ShellLines

# Single quotes protect a name from the shell, and so from us.
_NAME = re.compile(r"'[^']*'|\$\$(?=[A-Za-z_])|\$([A-Za-z_]\w*)")


def run_command(command: str, **options) -> int:
    return run_program([_shell(), "-c", command], **options)


def run_program(arguments: list[str], **options) -> int:
    """
    Returns the exit code. An interrupt terminates the program and its children. Its output goes
    through `sys.stdout` and `sys.stderr` of user code, if it has replaced them.
    """
    flush_streams()
    replaced = replaced_streams()
    pipes = dict.fromkeys(replaced, subprocess.PIPE)
    process = subprocess.Popen(arguments, start_new_session=True, **pipes, **options)
    with stop_unless_done(process):
        if replaced:
            pass_on(process, replaced)
        return process.wait()


def read_command(command: str) -> ShellLines:
    """Returns both streams of the command, as lines."""
    process = subprocess.Popen(
        [_shell(), "-c", command],
        start_new_session=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    with stop_unless_done(process):
        output, _ = process.communicate()
    return ShellLines(output.decode("utf-8", "replace").splitlines())


@contextlib.contextmanager
def stop_unless_done(process: subprocess.Popen):
    """An interrupt terminates the program and its children."""
    try:
        yield
    except BaseException:
        _terminate_group(process)
        raise


def fill_in(command: str, names: Mapping[str, object]) -> str:
    """
    Replaces `{expression}` and `$name` by their values, by IPython's rules. What stands after a
    colon is no format, but part of the expression, such as a slice. If a brace holds no expression
    that can be evaluated, as in awk or JSON, all braces stay. A `$name` that is not a variable
    is left to the shell. So is a name in single quotes, and `$$name`, with one dollar.
    """
    with contextlib.suppress(Exception):
        command = _Expressions(names).vformat(command, (), {})
    return _NAME.sub(lambda found: _value_of(found, names), command)


class _Expressions(string.Formatter):
    def __init__(self, names: Mapping[str, object]):
        self._names = names

    def parse(self, format_string):
        for literal, field, after_colon, conversion in super().parse(format_string):
            if field == "":
                raise ValueError("`{}` is not an expression")
            yield literal, f"{field}:{after_colon}" if after_colon else field, "", conversion

    def get_field(self, field_name, args, kwargs):
        return eval(field_name, dict(self._names)), None


def _value_of(found: re.Match, names: Mapping[str, object]) -> str:
    if found[0] == "$$":
        return "$"
    return str(names[found[1]]) if found[1] in names else found[0]


def _shell() -> str:
    return shutil.which("bash") or "/bin/sh"


def _terminate_group(process: subprocess.Popen) -> None:
    for number, seconds in ((signal.SIGINT, 0.3), (signal.SIGKILL, 1)):
        try:
            os.killpg(process.pid, number)
            process.wait(seconds)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            continue
