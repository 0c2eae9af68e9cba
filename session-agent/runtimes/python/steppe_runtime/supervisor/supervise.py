"""The supervisor's process from its settings to its exit code."""

from __future__ import annotations

import contextlib
import gc
import importlib
import os
import signal
import sys
import threading
from collections.abc import Mapping

from ..worker.process_controls import adopt_orphans
from .descendants import owns_pid_namespace
from .settings import InvalidSettings, read_settings
from .supervisor import Supervisor

_EXIT_INVALID_SETTINGS = 78


def supervise(environment: Mapping[str, str]) -> int:
    try:
        settings = read_settings(environment)
    except InvalidSettings as error:
        _log(str(error))
        return _EXIT_INVALID_SETTINGS
    # The kernel drops a signal without a handler that is for the first process of a container.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    owns_namespace = not settings.has_lifeline and owns_pid_namespace()
    adopts_orphans = adopt_orphans()
    _preload(settings.preload)
    code = Supervisor(settings, adopts_orphans, owns_namespace, _log).run()
    if not settings.preload:
        # No module needs cleaning up, and tearing an interpreter down takes a while.
        os._exit(code)
    return code


def _preload(names: str) -> None:
    """
    Imports modules once, for all workers that are forked from here. `names` is separated by
    commas; a module that is missing or fails is logged and skipped.
    """
    for name in filter(None, (part.strip() for part in names.split(","))):
        try:
            importlib.import_module(name)
        except Exception as error:
            _log(f"preload of {name} is skipped: {type(error).__name__}: {error}")
    if threading.active_count() > 1:
        _log("a preloaded module left a thread running; it does not exist in the workers")
    if names:
        gc.collect()
    # The collector does not walk frozen objects, so it does not copy shared pages in each worker.
    gc.freeze()
    gc.enable()


def _log(sentence: str) -> None:
    # The reader of our standard error may have exited: that must not keep the worker alive.
    with contextlib.suppress(OSError):
        print(f"steppe python supervisor: {sentence}", file=sys.stderr, flush=True)
