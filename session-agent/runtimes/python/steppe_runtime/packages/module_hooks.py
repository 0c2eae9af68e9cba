"""
Changes to modules that are not ours: made around their first import, so that a module that nobody
imports costs nothing, and by functions that look like those that they replace.
"""

from __future__ import annotations

import sys
from collections.abc import Callable

_before: dict[str, Callable] = {}
_after: dict[str, list[Callable]] = {}


def when_imported(name: str, action: Callable) -> None:
    """Runs `action(module)` after the module's own code, or at once if it is imported already."""
    if name in sys.modules:
        action(sys.modules[name])
    else:
        _after.setdefault(name, []).append(action)
        _watch()


def named_like(original: Callable, replacement: Callable) -> Callable:
    for name in ("__name__", "__qualname__", "__module__", "__doc__"):
        setattr(replacement, name, getattr(original, name))
    replacement.__wrapped__ = original
    return replacement


def repair_interrupted_imports() -> None:
    """
    Makes a package importable again after an interrupt during its import. Python drops a package
    whose import failed but keeps its submodules. The next import finds them and does not set their
    names in the package; nor are names set if the interrupt came just before. The submodules are
    not loaded twice: C extensions hold on to the classes of the first time.
    """
    for name, module in list(sys.modules.items()):
        parent, _, child = name.rpartition(".")
        if parent and parent not in sys.modules:
            _before[parent] = _bind_submodules
            _watch()
        elif parent and child not in getattr(sys.modules[parent], "__dict__", {child: None}):
            setattr(sys.modules[parent], child, module)


def _bind_submodules(package) -> None:
    for name, module in list(sys.modules.items()):
        parent, _, child = name.rpartition(".")
        if parent == package.__name__:
            setattr(package, child, module)


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
    # Only this loader object changes: `__loader__` keeps its type, so that resources and sources
    # are still found.
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
            # Kept until now, because an import that fails is tried again.
            _after.pop(name, None)

    loader.exec_module = exec_module
