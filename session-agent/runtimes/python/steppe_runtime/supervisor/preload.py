"""Imports what workers are to find ready, once, in the supervisor they are forked from."""

from __future__ import annotations

import gc
import importlib
import threading
from collections.abc import Callable


def preload(names: str, log: Callable[[str], None]) -> None:
    """`names` is a comma list; a module that is missing or fails is logged and skipped."""
    for name in filter(None, (part.strip() for part in names.split(","))):
        try:
            importlib.import_module(name)
        except Exception as error:
            log(f"preload of {name} is skipped: {type(error).__name__}: {error}")
    if threading.active_count() > 1:
        log("a preloaded module left a thread running; it does not exist in the workers")
    if names:
        gc.collect()
    # Frozen objects are not walked by the collector, so that it does not copy shared pages in each worker.
    gc.freeze()
    gc.enable()
