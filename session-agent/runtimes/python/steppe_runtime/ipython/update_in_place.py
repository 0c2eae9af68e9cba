"""Gives functions and classes that are in use the code of newer ones."""

from __future__ import annotations

import contextlib
import gc
from types import FunctionType

_OF_FUNCTION = ("__code__", "__defaults__", "__kwdefaults__", "__doc__", "__dict__")
_OF_CLASS = {"__dict__", "__weakref__", "__name__", "__qualname__", "__module__", "__slots__"}


def update_in_place(old, new) -> bool:
    """@returns whether `old` now behaves as `new`."""
    if old is new:
        return True
    if isinstance(old, FunctionType) and isinstance(new, FunctionType):
        return _update_function(old, new)
    if isinstance(old, (staticmethod, classmethod)) and type(old) is type(new):
        return update_in_place(old.__func__, new.__func__)
    if isinstance(old, type) and isinstance(new, type):
        _update_class(old, new)
        return True
    return False


def _update_function(old: FunctionType, new: FunctionType) -> bool:
    # The cells of the old function stay, so they must be those that the new code expects.
    if old.__code__.co_freevars != new.__code__.co_freevars:
        return False
    if set(new.__code__.co_freevars) - {"__class__"}:
        return False
    for name in _OF_FUNCTION:
        setattr(old, name, getattr(new, name))
    # From Python 3.14 on reading the annotations may evaluate names that do not exist yet.
    with contextlib.suppress(Exception):
        old.__annotations__ = new.__annotations__
    return True


def _update_class(old: type, new: type) -> None:
    members, newer = dict(vars(old)), vars(new)
    for name, member in members.items():
        if name in _OF_CLASS:
            continue
        # Members of an Enum, for example, cannot be replaced.
        with contextlib.suppress(AttributeError, TypeError):
            if name not in newer:
                delattr(old, name)
            elif not update_in_place(member, newer[name]):
                setattr(old, name, newer[name])
    for name, member in dict(newer).items():
        if name not in members and name not in _OF_CLASS:
            with contextlib.suppress(AttributeError, TypeError):
                setattr(old, name, member)
    _move_to(old, new)


def _move_to(old: type, new: type) -> None:
    """Instances and subclasses of the old class become those of the new one, if it fits."""
    for subclass in type.__subclasses__(old):
        bases = tuple(new if base is old else base for base in subclass.__bases__)
        with contextlib.suppress(TypeError):
            subclass.__bases__ = bases
    for instance in gc.get_referrers(old):
        if type(instance) is old:
            with contextlib.suppress(TypeError):
                object.__setattr__(instance, "__class__", new)
