"""`%load_ext`, and `%autoreload`, which is loaded so."""

from __future__ import annotations

import importlib
import sys

from ..autoreload import Autoreload
from ..usage_error import UsageError

_MODES = {
    **{"0": 0, "off": 0, "1": 1, "explicit": 1, "2": 2, "all": 2, "3": 2, "complete": 2},
    "now": None,
    "": None,
}


def load(shell, arguments: str, _names: dict) -> None:
    """Loads an extension of IPython: a module with a function load_ipython_extension(shell)."""
    name = _name_of(arguments, "load_ext")
    if name in shell.extensions:
        print(f"The {name} extension is already loaded. To reload it, use:\n  %reload_ext {name}")
        return
    _load(shell, name, None if name == "autoreload" else importlib.import_module(name))


def reload(shell, arguments: str, _names: dict) -> None:
    """Loads an extension again."""
    name = _name_of(arguments, "reload_ext")
    if name not in shell.extensions:
        load(shell, name, {})
        return
    if name == "autoreload":
        return
    unload(shell, name, {})
    _load(shell, name, importlib.reload(sys.modules[name]))


def unload(shell, arguments: str, _names: dict) -> None:
    """Unloads an extension that has a function unload_ipython_extension(shell)."""
    name = _name_of(arguments, "unload_ext")
    if name == "autoreload":
        _autoreload(shell).mode = 0
    finish = getattr(sys.modules.get(name), "unload_ipython_extension", None)
    if name in shell.extensions and finish is not None:
        finish(shell)
    shell.extensions.discard(name)


def _load(shell, name: str, module) -> None:
    if module is not None:
        start = getattr(module, "load_ipython_extension", None)
        if start is None:
            print(f"The {name} module is not an IPython extension.")
            return
        start(shell)
    else:
        _autoreload(shell)
    shell.extensions.add(name)


def _name_of(arguments: str, magic: str) -> str:
    words = arguments.split()
    if len(words) != 1:
        raise UsageError(f"%{magic} needs the name of one module")
    return words[0]


def autoreload(shell, arguments: str, _names: dict) -> None:
    """
    Before each cell, `2` reloads all modules that have changed, `1` those of %aimport, `0` none.
    `now`, or nothing, reloads them once.
    """
    words = [word for word in arguments.split() if word not in ("-p", "-l", "--print", "--log")]
    word = " ".join(words).lower()
    if word not in _MODES:
        raise UsageError(f"%autoreload takes 0, 1, 2, 3 or now, not {word}")
    if _MODES[word] is None:
        _autoreload(shell).reload_changed(check_all=True)
    else:
        _autoreload(shell).mode = _MODES[word]


def mark_import(shell, arguments: str, _names: dict) -> None:
    """Imports modules, which `%autoreload 1` reloads; `-name` excludes one from all reloads."""
    modules = _autoreload(shell)
    names = [name for name in arguments.replace(",", " ").split() if name]
    if not names:
        print(f"Modules to reload:\n{' '.join(sorted(modules.marked)) or 'none'}")
        print(f"\nModules to skip:\n{' '.join(sorted(modules.excluded))}")
    for name in names:
        if name.startswith("-"):
            modules.excluded.add(name[1:])
            modules.marked.discard(name[1:])
            continue
        modules.excluded.discard(name)
        modules.marked.add(name)
        importlib.import_module(name)
        first = name.partition(".")[0]
        shell.user_ns[first] = sys.modules[first]


def _autoreload(shell) -> Autoreload:
    if shell.autoreload is None:
        shell.autoreload = Autoreload(shell)
    return shell.autoreload


LINE = {
    "aimport": mark_import,
    "autoreload": autoreload,
    "load_ext": load,
    "reload_ext": reload,
    "unload_ext": unload,
}
