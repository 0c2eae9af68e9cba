"""
Packages that a session installs: in a hidden folder of its workspace, where they outlive the
interpreter. To Python they are packages of the user, which virtual environments and other versions
do not see.
"""

from __future__ import annotations

import os
import site
import sys
from importlib import machinery

from .environment_packages import follow_children, is_virtual_environment, position_of_packages

_LOADERS = (
    (machinery.ExtensionFileLoader, machinery.EXTENSION_SUFFIXES),
    (machinery.SourceFileLoader, machinery.SOURCE_SUFFIXES),
    (machinery.SourcelessFileLoader, machinery.BYTECODE_SUFFIXES),
)


# Those of this process, once they are set up.
current: WorkspacePackages | None = None


class WorkspacePackages:
    """
    Searched after the standard library and before the interpreter's own packages; also in child
    interpreters.
    """

    def __init__(self, workspace: str):
        own = os.path.join(workspace, ".steppe", "python")
        if is_virtual_environment():
            base = self._folder = own
            # pip refuses `--user` here. `--upgrade` replaces versions that pip would keep.
            self.install_options = ["--upgrade", "--target", own]
            self.options_of_uv = ["--target", own]
            follow_children(own)
        else:
            base = os.environ.setdefault("PYTHONUSERBASE", own)
            self._folder = _user_packages()
            self.install_options = ["--user"]
            # uv has no `--user`, but the same layout below a prefix.
            self.options_of_uv = ["--prefix", base]
            _allow_installs()
        self._scripts = os.path.join(base, "bin")
        self._search()
        self.find_scripts()
        # Output of a child appears when it prints it, as on a terminal.
        os.environ.setdefault("PYTHONUNBUFFERED", "1")

    def find_scripts(self) -> None:
        """Puts the scripts of installed packages on PATH, if they are not on it."""
        path = os.environ.get("PATH", os.defpath)
        if self._scripts not in path.split(os.pathsep):
            os.environ["PATH"] = f"{self._scripts}{os.pathsep}{path}"

    def is_package(self, file: str) -> bool:
        """True for files of installed packages, whoever has installed them."""
        return f"-packages{os.sep}" in file or file.startswith(self._folder + os.sep)

    def follow_path_files(self) -> None:
        """Adds what `.pth` files of new packages name, as at the start of an interpreter."""
        if os.path.isdir(self._folder):
            site.addsitedir(self._folder)

    def _search(self) -> None:
        if self._folder not in sys.path:
            sys.path.insert(position_of_packages(sys.path), self._folder)
        # Created here, because Python would treat a folder that does not exist yet as one that
        # never will.
        sys.path_importer_cache[self._folder] = machinery.FileFinder(self._folder, *_LOADERS)
        self.follow_path_files()


def find_packages_in(workspace: str) -> WorkspacePackages:
    """To be called once per process."""
    global current
    current = WorkspacePackages(workspace)
    return current


def _user_packages() -> str:
    # Makes Python read PYTHONUSERBASE again.
    site.USER_BASE = site.USER_SITE = None
    site.ENABLE_USER_SITE = True
    return site.getusersitepackages()


def _allow_installs() -> None:
    """Some distributions' pip refuses to install even the user's own packages."""
    if os.path.exists(os.path.join(os.path.dirname(os.__file__), "EXTERNALLY-MANAGED")):
        os.environ.setdefault("PIP_BREAK_SYSTEM_PACKAGES", "1")
