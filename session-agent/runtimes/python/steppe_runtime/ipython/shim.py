"""
Makes get_ipython() and `from IPython.display import …` work, with IPython installed, whose
functions would only print here, and without it.
"""

from __future__ import annotations

import builtins
import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from ..io.display import Displays
from ..packages.module_hooks import when_imported
from .cells.cell_syntax import SHELL
from .cells.notebook import Notebook

if TYPE_CHECKING:
    from ..execution.run_cell import CellRunner

# The functions of `IPython.display` show values through this.
displays: Displays | None = None

_OWN_MODULES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "modules")
_OWN_DISPLAY = os.path.join(_OWN_MODULES, "display_module.py")


def install_ipython_module(shown_by: Displays) -> None:
    global displays
    displays = shown_by
    when_imported("IPython.core.display_functions", _replace_functions)
    when_imported("IPython.core.getipython", _replace_get_ipython)
    when_imported("IPython.utils.capture", _replace_capture)
    when_imported("matplotlib_inline.backend_inline", _replace_figure_formats)
    # Last, so that an installed IPython is found first.
    sys.meta_path.append(_Finder)


class ShellParts(NamedTuple):
    namespace: dict
    workspace: str
    cells: CellRunner
    notebook: Notebook


def install_magics(parts: ShellParts) -> None:
    shell = _ShellOnDemand(parts)

    def get_ipython():
        return shell.load()

    builtins.get_ipython = get_ipython
    # A cell may assign another value to `get_ipython`; its magic lines still work.
    setattr(builtins, SHELL, shell)


def publish_display_data(
    data, metadata=None, source=None, *, transient=None, update=False, **_jupyter
) -> None:
    name = (transient or {}).get("display_id")
    displays.display(data, raw=True, metadata=metadata, display_id=name, update=update)


def update_display(value, *, display_id, **options) -> None:
    displays.display(value, display_id=display_id, update=True, **options)


def clear_output(wait=False) -> None:
    displays.clear_output(wait)


def get_ipython():
    """
    Returns the shell for a cell that calls it; None for libraries, which would expect a complete
    shell.
    """
    return (
        builtins.get_ipython() if sys._getframe(1).f_globals.get("__name__") == "__main__" else None
    )


class _ShellOnDemand:
    """
    Takes the place of the shell until a cell first uses it, so that it is imported only then.
    """

    def __init__(self, parts: ShellParts):
        self._parts = parts
        self._shell = None

    def load(self):
        if self._shell is None:
            from .shell import Shell

            self._shell = Shell(self._parts)
            setattr(builtins, SHELL, self._shell)
        return self._shell

    def __getattr__(self, name: str):
        return getattr(self.load(), name)


def _replace_get_ipython(module) -> None:
    module.get_ipython = get_ipython


def _replace_functions(module) -> None:
    module.display = displays.display
    for function in (publish_display_data, update_display, clear_output):
        setattr(module, function.__name__, function)


def _copy_of(name: str, names: Sequence[str] = ()) -> Callable:
    """Fills a module with the names of one of ours: all of them, or these."""

    def fill(module) -> None:
        own = importlib.import_module(f"{__package__}.{name}")
        copied = names or [name for name in vars(own) if not name.startswith("_")]
        module.__dict__.update({name: getattr(own, name) for name in copied})

    return fill


def _fill_package(module) -> None:
    module.__version__ = "8.0.0"
    module.version_info = (8, 0, 0)
    module.get_ipython = get_ipython

    def __getattr__(name):
        # `import IPython; IPython.display.HTML(…)` works without another import.
        if name == "display":
            return importlib.import_module("IPython.display")
        raise AttributeError(f"module 'IPython' has no attribute {name!r}")

    module.__getattr__ = __getattr__


def _fill_with_nothing(_module) -> None:
    """The module exists only for its submodules."""


def _replace_figure_formats(module) -> None:
    from ..io.figures import set_figure_formats

    module.set_matplotlib_formats = set_figure_formats
    # Figures are always closed at the end of a cell.
    module.set_matplotlib_close = lambda close=True: None


_replace_capture = _copy_of("modules.capture", ("CapturedIO", "RichOutput", "capture_output"))
_PACKAGES = ("IPython", "IPython.core", "IPython.utils", "matplotlib_inline")
_CONTENTS = {
    "IPython": _fill_package,
    "IPython.core": _fill_with_nothing,
    "IPython.core.display": _copy_of("modules.display_module"),
    "IPython.core.display_functions": _copy_of("modules.display_module"),
    "IPython.core.error": _copy_of("usage_error"),
    "IPython.core.getipython": _replace_get_ipython,
    "IPython.core.interactiveshell": _copy_of("cells.interactivity", ("InteractiveShell",)),
    "IPython.core.magic": _copy_of("modules.magic_module"),
    "IPython.core.magic_arguments": _copy_of("modules.magic_arguments"),
    "IPython.utils": _fill_with_nothing,
    "IPython.utils.capture": _replace_capture,
    "IPython.utils.io": _replace_capture,
    "matplotlib_inline": _fill_with_nothing,
    "matplotlib_inline.backend_inline": _replace_figure_formats,
}


class _Finder:
    """Finds and loads our package if IPython is not installed."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        package = name.partition(".")[0]
        if package != name and not _is_own_package(package):
            return None
        if name == "IPython.display":
            return importlib.util.spec_from_file_location(name, _OWN_DISPLAY)
        if name in _CONTENTS:
            return importlib.machinery.ModuleSpec(name, _Finder, is_package=name in _PACKAGES)
        return None

    @staticmethod
    def create_module(_spec):
        return None

    @staticmethod
    def exec_module(module):
        _CONTENTS[module.__name__](module)


def _is_own_package(name: str) -> bool:
    package = sys.modules.get(name)
    return package is not None and package.__spec__.loader is _Finder
