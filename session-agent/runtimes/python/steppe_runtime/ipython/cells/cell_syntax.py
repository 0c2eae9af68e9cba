"""
Translates IPython's additions to Python, `!command`, `%magic`, `%%magic` and `name?`, line by line.
"""

from __future__ import annotations

import ast
import re
from typing import NamedTuple

# The name that translated lines call; no cell uses it.
SHELL = "__steppe_shell__"

_WHOLE_LINE = re.compile(r"(\s*)(!!|!|%)(?!%)(.*)", re.DOTALL)
# One class for names and space. With two that share a character, a long line of spaces would take
# exponential time.
_ASSIGNED = re.compile(r"([\w.\[\]'\"*, ()\t]+=\s*)(!!|!|%(?=\S))(.*)", re.DOTALL)
# With `*` in it, the name is a pattern.
_HELP = re.compile(r"(\s*)(?:(\?{1,2})\s*(%{0,2}[\w.*]+)|(%{0,2}[\w.*]+)\s*(\?{1,2}))\s*")
_CELL_MAGIC = re.compile(r"%%(\w+|!)(.*)")


class Translation(NamedTuple):
    """
    Python source with the same line numbers. `is_timed` means that the whole cell is timed
    (`%%time`).
    """

    source: str
    is_timed: bool = False


def translate(source: str) -> Translation:
    """For code that is not valid Python: none of these forms is, at the start of a statement."""
    lines = source.replace("\r\n", "\n").split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    lines = _without_indentation(lines, lines[first])
    magic = _CELL_MAGIC.fullmatch(lines[first].rstrip())
    if magic is None or _HELP.fullmatch(lines[first]):
        return Translation(_translate_lines(lines))
    name, arguments = magic[1], magic[2].strip()
    body = lines[first + 1 :]
    if name == "time" and not arguments:
        # The rest may begin with another magic.
        rest = translate("\n".join(body)).source
        return Translation("\n" * (first + 1) + rest, is_timed=True)
    call = f"{SHELL}.run_cell_magic({name!r}, {arguments!r}, {chr(10).join(body)!r})"
    return Translation("\n" * first + call)


def _without_indentation(lines: list[str], first: str) -> list[str]:
    """Code that was copied out of a block is indented as a whole."""
    indentation = first[: len(first) - len(first.lstrip())]
    return [line.removeprefix(indentation) for line in lines] if indentation else lines


def _translate_lines(lines: list[str]) -> str:
    translated: list[str] = []
    scanner = _Scanner()
    number = 0
    while number < len(lines):
        line = lines[number]
        number += 1
        if not scanner.is_at_statement():
            scanner.feed(line)
            translated.append(line)
            continue
        joined = 0
        if _WHOLE_LINE.fullmatch(line) or _ASSIGNED.fullmatch(line):
            while line.endswith("\\") and number < len(lines):
                line = f"{line[:-1]}{lines[number]}"
                number += 1
                joined += 1
        python = _python_of(line)
        if python is None:
            scanner.feed(line)
        translated += [line if python is None else python, *[""] * joined]
    return "\n".join(translated)


def _python_of(line: str) -> str | None:
    helped = _HELP.fullmatch(line)
    if helped is not None:
        magic = "pinfo2" if "??" in (helped[2], helped[5]) else "pinfo"
        return f"{helped[1]}{SHELL}.run_line_magic({magic!r}, {helped[3] or helped[4]!r})"
    found = _WHOLE_LINE.fullmatch(line) or _ASSIGNED.fullmatch(line)
    if found is None:
        return None
    before, sign, rest = found[1], found[2], found[3].strip()
    is_assigned = bool(before.strip())
    if sign == "%":
        name, _, arguments = rest.partition(" ")
        if name == "time" and "await" in arguments:
            return f"{before}{_timed_in_place(arguments.strip(), is_assigned)}"
        return f"{before}{SHELL}.run_line_magic({name!r}, {arguments.strip()!r})" if rest else None
    if sign == "!!" or is_assigned:
        return f"{before}{SHELL}.getoutput({rest!r})"
    return f"{before}{SHELL}.system({rest!r})"


def _timed_in_place(code: str, is_assigned: bool) -> str:
    """Code that awaits must stay in the cell itself."""
    try:
        compile(code, "<timed>", "eval", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    except SyntaxError:
        if not is_assigned:
            return f"with {SHELL}.stopwatch(): {code}"
    # Arguments are evaluated from left to right.
    return f"{SHELL}.timed({SHELL}.started_stopwatch(), {code})"


class _Scanner:
    """Tracks strings, brackets and continued lines, to know where a statement may begin."""

    def __init__(self):
        self._depth = 0
        self._quote: str | None = None
        self._is_continued = False

    def is_at_statement(self) -> bool:
        return not self._depth and self._quote is None and not self._is_continued

    def feed(self, line: str) -> None:
        position = 0
        while position < len(line):
            position = self._step(line, position)
        self._is_continued = self._quote is None and line.endswith("\\")

    def _step(self, line: str, position: int) -> int:
        character = line[position]
        if self._quote is not None:
            if character == "\\":
                return position + 2
            if not line.startswith(self._quote, position):
                return position + 1
            closed, self._quote = len(self._quote), None
            return position + closed
        if character == "#":
            return len(line)
        if character in "'\"":
            if line.startswith(character * 3, position):
                self._quote = character * 3
                return position + 3
            return _end_of_string(line, position)
        self._depth = max(0, self._depth + (character in "([{") - (character in ")]}"))
        return position + 1


def _end_of_string(line: str, position: int) -> int:
    quote = line[position]
    position += 1
    while position < len(line) and line[position] != quote:
        position += 2 if line[position] == "\\" else 1
    return position + 1
