"""Cells that another program runs: `%%bash`, `%%script`, and the like."""

from __future__ import annotations

import shlex
import subprocess
import sys
import tempfile

from ..commands.replaced_streams import flush_streams
from ..commands.shell_commands import run_program, stop_unless_done
from ..usage_error import UsageError

_STREAMS = {"out": "stdout", "err": "stderr"}


def run_by_shell(program: str):
    """
    The arguments are options of the shell itself; those after `-s` belong to the script. Its
    standard input stays empty. Raises CalledProcessError.
    """

    def run(shell, arguments: str, body: str, _names: dict) -> None:
        options, words = _options(arguments)
        at = words.index("-s") if "-s" in words else len(words)
        _run(shell, options, [program, *words[:at], "-c", body, program, *words[at + 1 :]])

    run.__doc__ = f"Runs the cell as a script of {program}; the words after `-s` are its arguments."
    return run


def run_by_program(*program: str):
    """The program reads the cell as its standard input."""

    def run(shell, arguments: str, body: str, _names: dict) -> None:
        options, words = _options(arguments)
        words = [*program, *words]
        if not words:
            raise UsageError("%%script needs a program, as in %%script bash")
        with tempfile.TemporaryFile() as file:
            file.write(body.encode("utf-8", "backslashreplace"))
            file.seek(0)
            _run(shell, options, words, stdin=file)

    run.__doc__ = f"Runs {' '.join(program) or 'the program that is named'}, which reads the cell."
    return run


def _run(shell, options: dict[str, str], words: list[str], **settings) -> None:
    variables = {_STREAMS[name]: options[name] for name in _STREAMS if name in options}
    if variables:
        code = _keep_output(shell, variables, words, settings)
    else:
        code = run_program(words, **settings)
    if code and "no-raise-error" not in options:
        raise subprocess.CalledProcessError(code, words[0])


def _keep_output(shell, variables: dict[str, str], words: list[str], settings: dict) -> int:
    flush_streams()
    pipes = {stream: subprocess.PIPE for stream in variables}
    process = subprocess.Popen(words, start_new_session=True, **pipes, **settings)
    with stop_unless_done(process):
        printed = dict(zip(_STREAMS.values(), process.communicate()))
    for stream, name in variables.items():
        shell.user_ns[name] = printed[stream].decode("utf-8", "replace")
    return process.returncode


def _options(arguments: str) -> tuple[dict[str, str], list[str]]:
    """Options of the magic, of which `--out` and `--err` name variables, and what follows."""
    options: dict[str, str] = {}
    words = shlex.split(arguments)
    while words and words[0].startswith("--"):
        name, sign, value = words[0][2:].partition("=")
        if name in _STREAMS:
            if not sign and len(words) < 2:
                raise UsageError(f"--{name} needs the name of a variable")
            options[name] = value if sign else words.pop(1)
        elif name in ("no-raise-error", "raise-error"):
            options[name] = ""
        elif name in ("bg", "proc"):
            raise UsageError(f"--{name} is not available here; use subprocess.Popen")
        else:
            break
        words.pop(0)
    return options, words


CELL = {
    "bash": run_by_shell("bash"),
    "perl": run_by_program("perl"),
    "python": run_by_program(sys.executable),
    "python2": run_by_program("python2"),
    "python3": run_by_program(sys.executable),
    "ruby": run_by_program("ruby"),
    "script": run_by_program(),
    "sh": run_by_shell("sh"),
}
