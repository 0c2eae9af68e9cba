"""`%autoreload`: before a cell runs, modules whose files have changed are loaded again."""

from __future__ import annotations

import importlib
import os
import re
import sys
import weakref

from ..execution.error_report import OWN_FILES, traceback_lines
from .update_in_place import update_in_place

_KEPT_NAMES = ("__name__", "__loader__", "__spec__", "__file__", "__path__", "__package__")


class Autoreload:
    """
    `mode` is 0 for none, 1 for the modules of %aimport, 2 for all but the excluded ones. Objects
    that a module defines are changed in place, and their names in other modules and in the session
    stand for the new ones.
    """

    def __init__(self, shell):
        self._shell = shell
        self.mode = 0
        self.marked: set[str] = set()
        self.excluded: set[str] = set()
        self._stamps: dict[str, tuple] = {}
        self._earlier: dict[tuple[str, str], list] = {}
        self._note_loaded()
        shell.events.register("pre_run_cell", self._before_cell)
        shell.events.register("post_execute", self._note_loaded)

    def reload_changed(self, *, check_all: bool = False) -> None:
        for name, module in list(sys.modules.items()):
            if not (check_all or self._is_watched(name)):
                continue
            stamp = _stamp(module)
            known = self._stamps.get(name)
            if stamp is None or known in (None, stamp):
                continue
            # An attempt that fails is not repeated until the file changes again.
            self._stamps[name] = stamp
            self._reload(name, module)

    def _before_cell(self) -> None:
        if self.mode:
            self.reload_changed()

    def _note_loaded(self) -> None:
        for name, module in list(sys.modules.items()):
            if name not in self._stamps:
                stamp = _stamp(module)
                if stamp is not None:
                    self._stamps[name] = stamp

    def _is_watched(self, name: str) -> bool:
        return name in self.marked if self.mode == 1 else name not in self.excluded

    def _reload(self, name: str, module) -> None:
        before = dict(module.__dict__)
        kept = {key: before[key] for key in _KEPT_NAMES if key in before}
        module.__dict__.clear()
        module.__dict__.update(kept)
        try:
            importlib.reload(module)
        except BaseException as error:
            module.__dict__.clear()
            module.__dict__.update(before)
            if not isinstance(error, Exception):
                raise
            report = "\n".join(traceback_lines(error))
            print(f"[autoreload of {name} failed: {report}]", file=sys.stderr)
            return
        changed = self._changed(name, before, module.__dict__)
        self._rebind(name, module, changed)

    def _changed(self, name: str, before: dict, after: dict) -> dict[str, tuple]:
        """The old and the new object of each name that changed. Updates the old ones in place."""
        changed = {}
        for key, old in before.items():
            if key.startswith("__") or key not in after or after[key] is old:
                continue
            changed[key] = (old, after[key])
            if getattr(old, "__module__", None) == name:
                for earlier in self._earlier_objects(name, key, old):
                    update_in_place(earlier, after[key])
        return changed

    def _earlier_objects(self, name: str, key: str, old) -> list:
        """All objects that the module has had under this name and that are in use."""
        references = self._earlier.setdefault((name, key), [])
        try:
            references.append(weakref.ref(old))
        except TypeError:
            return [old]
        references[:] = [reference for reference in references if reference() is not None]
        return [found for found in (reference() for reference in references) if found is not None]

    def _rebind(self, name: str, module, changed: dict[str, tuple]) -> None:
        new_of = {id(old): new for old, new in changed.values() if _is_definition(old, name)}
        for other in list(sys.modules.values()):
            names = getattr(other, "__dict__", None)
            if other is module or not isinstance(names, dict):
                continue
            for key, value in list(names.items()):
                if id(value) in new_of:
                    names[key] = new_of[id(value)]
        names = self._shell.user_ns
        for key, (old, new) in changed.items():
            if names.get(key) is old and self._imports(name, key):
                names[key] = new

    def _imports(self, module: str, name: str) -> bool:
        """A cell has `from module import name`: equal values alone may be a coincidence."""
        pattern = re.compile(rf"\bfrom\s+{re.escape(module)}\s+import\b[^\n]*(?:\b{name}\b|\*)")
        return any(pattern.search(source) for source in self._shell.notebook.history.inputs)


def _is_definition(value, module: str) -> bool:
    return callable(value) and getattr(value, "__module__", None) == module


def _stamp(module) -> tuple | None:
    path = getattr(module, "__file__", None)
    is_source = isinstance(path, str) and path.endswith(".py") and not path.startswith(OWN_FILES)
    if not is_source or getattr(module, "__spec__", None) is None:
        return None
    try:
        status = os.stat(path)
    except OSError:
        return None
    return (status.st_mtime_ns, status.st_size, status.st_ino)
