"""The lines of a command's output, as `x = !command` returns them."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from pathlib import Path


class ShellLines(list):
    """
    `.n` is the text, `.s` the lines joined by spaces, `.p` the paths of files that exist.
    """

    @property
    def l(self) -> list:  # noqa: E743 (the name IPython gives it)
        return list(self)

    @property
    def n(self) -> str:
        return "\n".join(self)

    @property
    def s(self) -> str:
        return " ".join(self)

    @property
    def p(self) -> list:
        return [Path(line) for line in self if Path(line).exists()]

    nlstr, spstr, paths = n, s, p

    def get_list(self) -> list:
        return self.l

    def get_nlstr(self) -> str:
        return self.n

    def get_spstr(self) -> str:
        return self.s

    def get_paths(self) -> list:
        return self.p

    def grep(
        self, pattern: str | Callable, prune: bool = False, field: int | None = None
    ) -> ShellLines:
        """
        The lines that match a pattern, without regard to case, or a function; with `prune` the
        others. `field` compares only the word of that number.
        """
        matches = pattern if callable(pattern) else re.compile(pattern, re.IGNORECASE).search

        def is_wanted(line: str) -> bool:
            words = line.split() if field is not None else []
            text = line if field is None else words[field] if field < len(words) else ""
            return bool(matches(text)) != prune

        return ShellLines(line for line in self if is_wanted(line))

    def fields(self, *fields: int) -> ShellLines:
        """The words of these numbers of each line; without numbers, a list of words per line."""
        split = [line.split() for line in self]
        if not fields:
            return ShellLines(split)
        return ShellLines(" ".join(_words_at(words, fields)) for words in split if words)

    def sort(self, field: int | None = None, nums: bool = False) -> ShellLines:
        """A sorted copy, by the word of that number; `nums` compares the digits as a number."""

        def key(line: str):
            words = line.split() if field is not None else []
            text = line if field is None else words[field] if field < len(words) else ""
            return int("".join(filter(str.isdigit, text)) or 0) if nums else text

        return ShellLines(sorted(self, key=key))


def _words_at(words: list, fields: tuple) -> list:
    found = []
    for field in fields:
        with contextlib.suppress(IndexError):
            found.append(words[field])
    return found
