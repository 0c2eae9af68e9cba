"""Checks the source of a cell before it is compiled, and finds the expression of its last value."""

from __future__ import annotations

import ast
import re
import sys

# After a statement only space, backslash continuations, `;` and comments follow, in that order.
_SEMICOLON = re.compile(rb"[\s\\]*;")

# Up to Python 3.10 a recursion in C without a limit turns the syntax tree into objects.
OVERFLOWS = sys.version_info < (3, 11)
# A tenth of what overflows a stack of 8 MiB, and ten times what the compiler accepts afterwards.
_MAX_LINKS = 10_000
_TOKEN = re.compile(
    r'"""(?s:.*?)"""|'
    + r"'''(?s:.*?)'''|"
    + r'"(?:\\.|[^"\\\n])*"|'
    + r"'(?:\\.|[^'\\\n])*'|#[^\n]*|"
    r"(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<end>[,;:\n]|(?<![=<>!])=(?!=))|"
    r"(?P<link>[-+*/%@&|^<>~.]+|\b(?:and|or|not|is|in|if|else|await|lambda)\b)"
)


def split_last_value(tree: ast.Module, source: str) -> tuple[ast.Module, ast.Expression | None]:
    """
    The statements to run, and the last expression, whose value is shown. A `;` after it keeps it
    a statement.
    """
    if (
        not tree.body
        or not isinstance(tree.body[-1], ast.Expr)
        or _is_silenced(tree.body[-1], source)
    ):
        return tree, None
    last = tree.body.pop()
    return tree, ast.Expression(last.value)


def refuse_long_chains(source: str) -> None:
    """
    Raises RecursionError for a chain such as `1 + 1 + …` or `a.b().c()…` that would overflow the
    stack of an older interpreter, as newer interpreters do. Takes linear time.
    """
    # Each link takes at least one character besides the operand.
    if not OVERFLOWS or len(source) < _MAX_LINKS:
        return
    links = [0]
    for token in _TOKEN.finditer(source):
        kind = token.lastgroup
        if kind == "open":
            links.append(0)
        elif kind == "end":
            # Inside brackets an expression continues on the next line.
            if len(links) == 1 or token[0] != "\n":
                links[-1] = 0
        elif kind is not None:
            if kind == "close" and len(links) > 1:
                links.pop()
            links[-1] += 1
            if links[-1] > _MAX_LINKS:
                raise RecursionError("maximum recursion depth exceeded during compilation")


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
