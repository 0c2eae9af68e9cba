"""Cells that are text for something else."""

from __future__ import annotations

import os
import shlex

from ..usage_error import UsageError


def write_file(_shell, arguments: str, body: str, _names: dict) -> None:
    """Writes the cell to a file; `-a` appends it."""
    words = shlex.split(arguments)
    append = "-a" in words or "--append" in words
    paths = [word for word in words if word not in ("-a", "--append")]
    if len(paths) != 1:
        raise UsageError("%%writefile needs one path: %%writefile [-a] path")
    path = os.path.expanduser(paths[0])
    verb = "Appending to" if append else "Overwriting" if os.path.exists(path) else "Writing"
    with open(path, "a" if append else "w", encoding="utf-8") as file:
        file.write(body if body.endswith("\n") else f"{body}\n")
    print(f"{verb} {path}")


CELL = {"file": write_file, "writefile": write_file}
