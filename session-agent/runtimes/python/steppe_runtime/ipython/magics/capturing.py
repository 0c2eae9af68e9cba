"""`%%capture`."""

from __future__ import annotations

import shlex

from ...io import figures
from .. import shim
from ..modules.capture import capture_output
from ..usage_error import UsageError

_OPTIONS = ("--no-stdout", "--no-stderr", "--no-display")


def capture(shell, arguments: str, body: str, _names: dict) -> None:
    """
    Runs a cell and keeps its output and results in the variable that is named, with `.stdout`,
    `.stderr`, `.outputs` and `.show()`; `--no-stdout`, `--no-stderr` and `--no-display` let one
    through.
    """
    words = shlex.split(arguments)
    options = {word for word in words if word.startswith("--")}
    names = [word for word in words if word not in options]
    if len(names) > 1 or not options.issubset(_OPTIONS):
        raise UsageError(f"%%capture takes a name and {', '.join(_OPTIONS)}")
    with capture_output(*(name not in options for name in _OPTIONS)) as captured:
        if names:
            shell.user_ns[names[0]] = captured
        value = shell.run_body(body)
        if value is not None:
            shim.displays.display(value)
        figures.shown_by.show_open()


CELL = {"capture": capture}
