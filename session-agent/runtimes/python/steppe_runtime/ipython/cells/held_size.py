"""Estimates the memory that a value keeps from being freed."""

from __future__ import annotations

import re
import sys
from collections import deque
from types import BuiltinFunctionType, FunctionType, ModuleType

_ATOMS = {bool, int, float, complex, str, bytes, bytearray, range, type(None), type(...)}
_SEQUENCES = (list, tuple, set, frozenset, deque)
# Modules whose values hold nothing but themselves.
_SMALL = {"datetime", "decimal", "fractions", "pathlib", "uuid", "zoneinfo"}
_MAX_OBJECTS = 20_000
# An object of Python behind a pointer of 8 bytes.
_OBJECT_FACTOR = 10


class _UnknownSizeError(Exception):
    pass


def held_size(value, limit: int) -> int | None:
    """In bytes; None if it exceeds the limit or cannot be known."""
    if type(value) in _ATOMS:
        size = sys.getsizeof(value)
        return size if size <= limit else None
    try:
        return _size(value, limit)
    except Exception:
        # The size is unknown, or a property of the user's own class failed.
        return None


def _size(value, limit: int) -> int | None:
    total = 0
    waiting = [value]
    seen: set[int] = set()
    while waiting:
        current = waiting.pop()
        if id(current) in seen:
            continue
        seen.add(id(current))
        size, parts = _size_and_parts(current)
        total += size
        if total > limit or len(seen) + len(parts) > _MAX_OBJECTS:
            return None
        waiting += parts
    return total


def _size_and_parts(value) -> tuple[int, list]:
    kind = type(value)
    if kind in _ATOMS:
        return sys.getsizeof(value), []
    # Their modules hold them anyway.
    if isinstance(value, (type, ModuleType)) or _is_plain_function(value):
        return 0, []
    if isinstance(value, FunctionType):
        raise _UnknownSizeError
    package = kind.__module__.partition(".")[0]
    if package == "numpy":
        return _size_of_array(value), []
    if package == "pandas":
        return _size_of_pandas(value), []
    if package in _SMALL or kind is re.Pattern:
        return sys.getsizeof(value), []
    if kind is re.Match:
        return 0, [value.string]
    return sys.getsizeof(value), _parts(value)


def _is_plain_function(value) -> bool:
    """A closure, or a method, may hold anything."""
    if isinstance(value, BuiltinFunctionType):
        return value.__self__ is None or isinstance(value.__self__, ModuleType)
    return isinstance(value, FunctionType) and not value.__closure__ and not value.__defaults__


def _size_of_array(array) -> int:
    """A view of an array holds the whole array."""
    if array.dtype.hasobject:
        return array.nbytes * _OBJECT_FACTOR
    base = getattr(array, "base", None)
    while base is not None:
        array, base = base, getattr(base, "base", None)
    return array.nbytes if hasattr(array, "nbytes") else sys.getsizeof(array)


def _size_of_pandas(value) -> int:
    if hasattr(value, "_mgr"):
        blocks = [block.values for block in value._mgr.blocks]
        return sum(map(_size_of_column, [*blocks, *(axis._values for axis in value.axes)]))
    if hasattr(value, "dtype"):
        return _size_of_column(value._values if hasattr(value, "_values") else value)
    # A time, a period or the like.
    return sys.getsizeof(value)


def _size_of_column(values) -> int:
    if type(values).__name__ == "range":
        return 0
    array = getattr(values, "_ndarray", values)
    if type(array).__module__.partition(".")[0] != "numpy":
        # It may be a view of memory that it does not name.
        raise _UnknownSizeError
    return _size_of_array(array)


def _parts(value) -> list:
    """Of a container or of an object of a class written in Python; no others are known."""
    parts: list = []
    for kind in type(value).__mro__:
        own = vars(kind)
        if kind in (object, dict, *_SEQUENCES):
            continue
        if "__slots__" in own:
            slots = own["__slots__"]
            names = (slots,) if isinstance(slots, str) else slots
            parts += [getattr(value, name) for name in names if hasattr(value, name)]
        elif "__dict__" not in own and not hasattr(value, "__dict__"):
            raise _UnknownSizeError
    if isinstance(value, dict):
        parts += [*dict.keys(value), *dict.values(value)]
    elif isinstance(value, _SEQUENCES):
        parts += next(kind for kind in _SEQUENCES if isinstance(value, kind)).__iter__(value)
    elif not parts and not hasattr(value, "__dict__"):
        raise _UnknownSizeError
    return [*parts, *getattr(value, "__dict__", {}).values()]
