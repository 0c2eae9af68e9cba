"""Calls a function around the first import of a module, so that a module nobody imports costs nothing."""

from __future__ import annotations

import sys
from collections.abc import Callable

_before: dict[str, Callable] = {}
_after: dict[str, list[Callable]] = {}


def when_imported(name: str, action: Callable) -> None:
    """`action(module)` runs once the module's own code has run; at once if it already has."""
    if name in sys.modules:
        action(sys.modules[name])
    else:
        _after.setdefault(name, []).append(action)
        _watch()


def before_import(name: str, action: Callable) -> None:
    """`action(module)` runs once, when the module exists and its own code has not run yet."""
    _before[name] = action
    _watch()


def _watch() -> None:
    if _Watcher not in sys.meta_path:
        sys.meta_path.insert(0, _Watcher)


class _Watcher:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name not in _before and name not in _after:
            return None
        for finder in sys.meta_path:
            find = getattr(finder, "find_spec", None)
            spec = find(name, path, target) if find and finder is not _Watcher else None
            if spec is not None:
                _surround(spec.loader, name)
                return spec
        return None


def _surround(loader, name: str) -> None:
    # On this loader object alone: `__loader__` keeps its type, so resources and sources are found as ever.
    run_module = getattr(loader, "exec_module", None)
    if run_module is None or isinstance(loader, type):
        return

    def exec_module(module):
        del loader.exec_module
        if name in _before:
            _before.pop(name)(module)
        run_module(module)
        if name in _after:
            for action in _after[name]:
                action(module)
            # Kept until now: an import that fails is tried again.
            _after.pop(name, None)

    loader.exec_module = exec_module
