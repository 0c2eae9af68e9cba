"""
Packages that a session installs: in a hidden folder of its workspace, where they outlive the
interpreter.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from importlib import machinery

_LOADERS = (
    (machinery.ExtensionFileLoader, machinery.EXTENSION_SUFFIXES),
    (machinery.SourceFileLoader, machinery.SOURCE_SUFFIXES),
    (machinery.SourcelessFileLoader, machinery.BYTECODE_SUFFIXES),
)


def packages_folder(workspace: str) -> str:
    return os.path.join(workspace, ".steppe", "python")


def find_packages_in(workspace: str) -> None:
    """
    Searched after the standard library and before the interpreter's own packages; also in child
    interpreters.
    """
    folder = packages_folder(workspace)
    installed = [
        number
        for number, entry in enumerate(sys.path)
        if entry.endswith(("-packages", "dist-packages"))
    ]
    sys.path.insert(installed[0] if installed else len(sys.path), folder)
    # Created here, because Python would treat a folder that does not exist yet as one that never
    # will.
    sys.path_importer_cache[folder] = machinery.FileFinder(folder, *_LOADERS)
    os.environ["PYTHONPATH"] = packages_path(workspace, os.environ)
    # Output of a child appears when it prints it, as on a terminal.
    os.environ.setdefault("PYTHONUNBUFFERED", "1")


def packages_path(workspace: str, environment: Mapping[str, str]) -> str:
    """PYTHONPATH for the children of an interpreter with that environment."""
    return os.pathsep.join(
        filter(None, (packages_folder(workspace), environment.get("PYTHONPATH")))
    )
