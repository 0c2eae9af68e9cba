"""Keeps the source of earlier steps for tracebacks and inspect.getsource."""

from __future__ import annotations

import linecache
from collections import deque

_MAX_CHARACTERS = 16 * 1024 * 1024


class Sources:
    """The oldest are forgotten past 16 Mi characters, so that a long session does not grow without end."""

    def __init__(self, max_characters: int = _MAX_CHARACTERS):
        self._max_characters = max_characters
        self._known: deque[tuple[str, int]] = deque()
        self._total = 0

    def add(self, filename: str, source: str) -> None:
        # Lines as Python counts them; str.splitlines() also splits at form feeds and others.
        lines = source.replace("\r\n", "\n").replace("\r", "\n").split("\n")
        # Without an mtime linecache never checks for a file of that name.
        linecache.cache[filename] = (len(source), None, [line + "\n" for line in lines], filename)
        self._known.append((filename, len(source)))
        self._total += len(source)
        while self._total > self._max_characters and len(self._known) > 1:
            oldest, size = self._known.popleft()
            linecache.cache.pop(oldest, None)
            self._total -= size
