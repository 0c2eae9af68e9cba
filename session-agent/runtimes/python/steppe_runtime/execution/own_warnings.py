"""Warnings that arise in code of ours while it waits on user code, as where a coroutine is let go, name no place of ours."""

from __future__ import annotations

import warnings

from ..packages.wrapping import named_like
from .error_report import OWN_FILES


def hide_own_places() -> None:
    format_with_place = warnings.formatwarning

    def formatwarning(message, category, filename, lineno, line=None):
        if filename.startswith(OWN_FILES):
            return f"{category.__name__}: {message}\n"
        return format_with_place(message, category, filename, lineno, line)

    warnings.formatwarning = named_like(format_with_place, formatwarning)
