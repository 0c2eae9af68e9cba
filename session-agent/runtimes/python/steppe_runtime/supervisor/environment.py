"""
The environment that a worker starts with: an allow-list of the supervisor's own, then what `spawn`
adds.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

_PASSED_ON = {
    "PATH",
    "LANG",
    "TZ",
    "TMPDIR",
    "USER",
    "LOGNAME",
    "VIRTUAL_ENV",
    "STEPPE_FIGURE_FORMAT",
    # Children may need the libraries that the interpreter itself was started with.
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
}


def worker_environment(
    inherited: Mapping[str, str], added: Mapping[str, str], workspace: str, instance_id: str
) -> dict[str, str]:
    environment = {
        name: value
        for name, value in inherited.items()
        if name in _PASSED_ON or name.startswith("LC_")
    }
    environment["PATH"] = path_to_interpreter(sys.executable, environment.get("PATH", os.defpath))
    environment.setdefault("LANG", "C.UTF-8")
    environment["TERM"] = "dumb"
    environment["HOME"] = workspace
    environment["STEPPE_WORKSPACE"] = workspace
    environment.update(added)
    # Last, so that nothing can override it: it identifies the descendants of this session.
    environment["STEPPE_INSTANCE_ID"] = instance_id
    return environment


def path_to_interpreter(executable: str, path: str) -> str:
    """A PATH that gives children the `python3` and `pip` of the session."""
    own = os.path.dirname(executable)
    found = next(
        (
            folder
            for folder in path.split(os.pathsep)
            if os.access(os.path.join(folder, "python3"), os.X_OK)
        ),
        "",
    )
    return path if found == own else f"{own}{os.pathsep}{path}"
