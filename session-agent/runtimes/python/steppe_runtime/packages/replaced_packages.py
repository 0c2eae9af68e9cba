"""Tells after an install which imported packages have other files now."""

from __future__ import annotations

import contextlib
import importlib
import os
import sys
from collections.abc import Iterator
from importlib.machinery import PathFinder

from . import workspace_packages


@contextlib.contextmanager
def noting_replaced_packages() -> Iterator[None]:
    """What the install inside adds can be imported afterwards."""
    before = _files_of_imported()
    try:
        yield
    finally:
        importlib.invalidate_caches()
        workspace_packages.current.follow_path_files()
    after = _files_of_imported()
    replaced = sorted(name for name, file in before.items() if after.get(name, file) != file)
    if replaced:
        print(
            f"Note: {', '.join(replaced)} had been imported before."
            " Restart the interpreter to use the version that is installed now."
        )


def _files_of_imported() -> dict[str, tuple]:
    """The file that an import would run for each imported package, and its version on disk."""
    files = {}
    for name, module in list(sys.modules.items()):
        origin = getattr(getattr(module, "__spec__", None), "origin", None)
        if "." in name or not origin or not workspace_packages.current.is_package(origin):
            continue
        with contextlib.suppress(Exception):
            found = PathFinder.find_spec(name).origin
            stat = os.stat(found)
            files[name] = (found, stat.st_ino, stat.st_mtime_ns)
    return files
