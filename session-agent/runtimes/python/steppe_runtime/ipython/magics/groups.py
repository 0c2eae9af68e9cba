"""Which file has which magic. A file is imported when a cell uses one of its magics."""

from __future__ import annotations

import importlib
from collections.abc import Callable

# Each file has a table LINE or CELL with these names.
LINE = {
    "commands": "cat cp ldir lf lk ll ls lx mkdir mv rm rmdir sx system",
    "directories": "cd env pwd set_env",
    "display": "config matplotlib precision",
    "extensions": "aimport autoreload load_ext reload_ext unload_ext",
    "help": "lsmagic pinfo pinfo2 psearch",
    "namespace": "reset reset_selective who who_ls whos xdel",
    "packages": "pip uv",
    "profiling": "prun",
    "running": "run",
    "timing": "time timeit",
}
CELL = {
    "capturing": "capture",
    "cells": "file writefile",
    "commands": "! sx system",
    "media": "HTML SVG html javascript js latex markdown svg",
    "profiling": "prun",
    "scripts": "bash perl python python2 python3 ruby script sh",
    "timing": "timeit",
}
# Magics whose braces and dollars are part of code, or of names that are not evaluated.
OF_CODE = {"capture", "config", "pinfo", "pinfo2", "prun", "psearch", "time", "timeit"}


KINDS = {"line": LINE, "cell": CELL}


def load(kind: str, name: str) -> Callable | None:
    for group, names in KINDS[kind].items():
        if name in names.split():
            module = importlib.import_module(f"{__package__}.{group}")
            return getattr(module, kind.upper())[name]
    return None


def names_of(kind: str) -> list[str]:
    return [name for names in KINDS[kind].values() for name in names.split()]
