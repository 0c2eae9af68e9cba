"""The worker's `__main__`: a real module, as of a fresh interpreter, in which pickle finds what cells define."""

from __future__ import annotations

import builtins
import os
import sys
import types

_OWN_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def install_main_module() -> types.ModuleType:
    module = types.ModuleType("__main__")
    module.__dict__["__builtins__"] = builtins
    sys.modules["__main__"] = module
    sys.argv[:] = [""]
    # As at Python's prompt: modules of the current directory first, and nothing of this program's folder.
    sys.path[:] = [
        "",
        *(entry for entry in sys.path if entry and os.path.abspath(entry) != _OWN_ROOT),
    ]
    return module
