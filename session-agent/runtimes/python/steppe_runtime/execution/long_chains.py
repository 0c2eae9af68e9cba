"""Refuses expressions that older interpreters would overflow their own stack with."""

from __future__ import annotations

import re
import sys

# Until 3.10 a syntax tree is turned into objects by a recursion in C that nothing bounds.
OVERFLOWS = sys.version_info < (3, 11)
# A tenth of what overflows 8 MiB, and ten times what the compiler takes afterwards.
_MAX_LINKS = 10_000
_TOKEN = re.compile(
    r'"""(?s:.*?)"""|'
    + r"'''(?s:.*?)'''|"
    + r'"(?:\\.|[^"\\\n])*"|'
    + r"'(?:\\.|[^'\\\n])*'|#[^\n]*|"
    r"(?P<open>[(\[{])|(?P<close>[)\]}])|(?P<end>[,;:\n]|(?<![=<>!])=(?!=))|"
    r"(?P<link>[-+*/%@&|^<>~.]+|\b(?:and|or|not|is|in|if|else|await|lambda)\b)"
)


def refuse_long_chains(source: str) -> None:
    """Raises RecursionError, as newer interpreters do, for a chain such as `1 + 1 + …` or `a.b().c()…`. Linear."""
    # Each link takes a character beside the one that it links.
    if not OVERFLOWS or len(source) < _MAX_LINKS:
        return
    links = [0]
    for token in _TOKEN.finditer(source):
        kind = token.lastgroup
        if kind == "open":
            links.append(0)
        elif kind == "end":
            # Inside of brackets a line continues.
            if len(links) == 1 or token[0] != "\n":
                links[-1] = 0
        elif kind is not None:
            if kind == "close" and len(links) > 1:
                links.pop()
            links[-1] += 1
            if links[-1] > _MAX_LINKS:
                raise RecursionError("maximum recursion depth exceeded during compilation")
