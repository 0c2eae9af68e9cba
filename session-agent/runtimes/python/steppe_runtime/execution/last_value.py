"""Splits a cell into the statements that run and the last expression, whose value is shown."""

from __future__ import annotations

import ast
import re

# After a statement there is only space, backslash continuations, `;` and comments, in that order.
_SEMICOLON = re.compile(rb"[\s\\]*;")


def split_last_value(tree: ast.Module, source: str) -> tuple[ast.Module, ast.Expression | None]:
    """A `;` after the last expression suppresses it: it stays a statement."""
    if (
        not tree.body
        or not isinstance(tree.body[-1], ast.Expr)
        or _is_silenced(tree.body[-1], source)
    ):
        return tree, None
    last = tree.body.pop()
    return tree, ast.Expression(last.value)


def _is_silenced(last: ast.Expr, source: str) -> bool:
    if ";" not in source:
        return False
    lines = (
        source.replace("\r\n", "\n")
        .replace("\r", "\n")
        .encode("utf-8", "surrogatepass")
        .split(b"\n")
    )
    # Column offsets count bytes of UTF-8.
    rest = [lines[last.end_lineno - 1][last.end_col_offset :], *lines[last.end_lineno :]]
    return _SEMICOLON.match(b"\n".join(rest)) is not None
