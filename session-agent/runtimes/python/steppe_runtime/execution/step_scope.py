"""Environment and working directory of one step, restored after it."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping


class StepScope:
    """
    Entered before user code. Raises OSError if `cwd` cannot be entered. A chdir by user code stays
    in effect, unless that directory has been removed: the step then begins in the workspace, which
    is made again if it was that.
    """

    def __init__(self, env: Mapping[str, str], cwd: str | None, workspace: str):
        self._env = env
        self._cwd = cwd
        self._workspace = workspace
        self._env_before: dict[str, str | None] = {}
        self._cwd_before: str | None = None
        self._cwd_entered: str | None = None

    def __enter__(self):
        before = _current_directory()
        if before is None:
            with contextlib.suppress(OSError):
                os.makedirs(self._workspace, exist_ok=True)
                os.chdir(self._workspace)
            before = self._workspace
        if self._cwd is not None:
            os.chdir(os.path.join(self._workspace, self._cwd))
            self._cwd_before, self._cwd_entered = before, _current_directory()
        self._env_before = {name: os.environ.get(name) for name in self._env}
        set_environment(self._env)
        return self

    def __exit__(self, *_):
        set_environment(self._env_before)
        if self._cwd_before is not None and _current_directory() in (self._cwd_entered, None):
            try:
                os.chdir(self._cwd_before)
            except OSError:
                with contextlib.suppress(OSError):
                    os.chdir(self._workspace)


def set_environment(values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
    if "TZ" in values:
        time.tzset()


def _current_directory() -> str | None:
    try:
        return os.getcwd()
    except OSError:
        return None
