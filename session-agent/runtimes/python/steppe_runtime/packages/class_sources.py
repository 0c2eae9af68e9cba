"""Finds the source of a class of a step, as Python finds that of a function by its code."""

from __future__ import annotations

import linecache
import re
import types

from .module_hooks import named_like, when_imported


def follow_inspect() -> None:
    when_imported("inspect", _find_classes_of_steps)


def _find_classes_of_steps(inspect) -> None:
    getfile = inspect.getfile

    def getfile_of_steps(object):
        try:
            return getfile(object)
        except (OSError, TypeError):
            # A class knows only its module, and __main__ has no file here.
            filename = _file_of(object) if isinstance(object, type) else None
            if filename is None:
                raise
            return filename

    inspect.getfile = named_like(getfile, getfile_of_steps)


def _file_of(cls: type) -> str | None:
    if cls.__module__ != "__main__":
        return None
    for value in vars(cls).values():
        function = _function_of(value)
        if isinstance(function, types.FunctionType) and _is_own(function, cls):
            return function.__code__.co_filename
    # A class without a function of its own: the newest step that has one of that name.
    begins = re.compile(rf"\s*class\s+{re.escape(cls.__name__)}\b")
    for filename, entry in reversed(list(linecache.cache.items())):
        if filename.startswith("<step ") and any(map(begins.match, entry[2])):
            return filename
    return None


def _function_of(value):
    if isinstance(value, (classmethod, staticmethod)):
        return value.__func__
    return value.fget if isinstance(value, property) else value


def _is_own(function: types.FunctionType, cls: type) -> bool:
    """Not one that was made elsewhere and assigned, or that a decorator such as dataclass made."""
    is_of_step = function.__code__.co_filename.startswith("<step ")
    return is_of_step and function.__qualname__.startswith(f"{cls.__qualname__}.")
