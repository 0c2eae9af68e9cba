"""
A session's packages where its interpreter is that of a virtual environment, in which Python has no
packages of the user: its children find them, other interpreters do not.
"""

from __future__ import annotations

import os
import site
import sys
from collections.abc import Sequence

# Python imports it when it starts. It leaves no trace, and runs the one that it hides.
_SITECUSTOMIZE = """\
import sys

here, folder, prefix = {here!r}, {folder!r}, {prefix!r}
sys.path[:] = [entry for entry in sys.path if entry != here]
if sys.prefix == prefix:
    installed = [n for n, entry in enumerate(sys.path) if entry.endswith("-packages")]
    sys.path.insert(installed[0] if installed else len(sys.path), folder)
own = sys.modules.pop("sitecustomize")
try:
    import sitecustomize
except ImportError:
    sys.modules["sitecustomize"] = own
"""


def is_virtual_environment() -> bool:
    """True if Python has no packages of the user."""
    return sys.prefix != sys.base_prefix and not site.ENABLE_USER_SITE


def position_of_packages(path: Sequence[str]) -> int:
    """The index of the first folder of installed packages."""
    return next((n for n, entry in enumerate(path) if entry.endswith("-packages")), len(path))


def follow_children(folder: str) -> None:
    """Makes the interpreters that a step starts find the packages in `folder`."""
    here = os.path.join(os.path.dirname(folder), "start")
    os.makedirs(here, exist_ok=True)
    with open(os.path.join(here, "sitecustomize.py"), "w", encoding="utf-8") as file:
        file.write(_SITECUSTOMIZE.format(here=here, folder=folder, prefix=sys.prefix))
    before = os.environ.get("PYTHONPATH")
    if here not in (before or "").split(os.pathsep):
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (here, before)))
