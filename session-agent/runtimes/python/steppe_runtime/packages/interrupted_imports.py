"""Makes a package importable again after an interrupt in the middle of its import."""

from __future__ import annotations

import sys

from .import_hooks import before_import


def repair_interrupted_imports() -> None:
    """
    Python drops a package whose import failed but keeps its submodules, which the next import finds without setting
    their names in the package; nor does it where the interrupt came just before a name was to be set. They are not
    loaded twice: C extensions hold on to the classes of the first time.
    """
    for name, module in list(sys.modules.items()):
        parent, _, child = name.rpartition(".")
        if parent and parent not in sys.modules:
            before_import(parent, _bind_submodules)
        elif parent and child not in getattr(sys.modules[parent], "__dict__", {child: None}):
            setattr(sys.modules[parent], child, module)


def _bind_submodules(package) -> None:
    for name, module in list(sys.modules.items()):
        parent, _, child = name.rpartition(".")
        if parent == package.__name__:
            setattr(package, child, module)
