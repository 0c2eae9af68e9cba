"""Replaces functions of Python's own library by ones that look the same."""

from __future__ import annotations

from collections.abc import Callable


def named_like(original: Callable, replacement: Callable) -> Callable:
    for name in ("__name__", "__qualname__", "__module__", "__doc__"):
        setattr(replacement, name, getattr(original, name))
    replacement.__wrapped__ = original
    return replacement
