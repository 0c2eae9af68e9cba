"""What a paste brings along: a byte order mark, prompts of Python or IPython, Markdown fences."""

from __future__ import annotations

import re

_BYTE_ORDER_MARK = "\ufeff"
_CLASSIC = re.compile(r"^[ \t]*(?:>>>|\.\.\.)(?: |$)")
_CLASSIC_FIRST = re.compile(r"[ \t]*>>>(?: |$)")
_NUMBERED = re.compile(r"^[ \t]*(?:(?:\[(?:nav|ins)\][ \t]*)?In[ \t]*\[\d+\]:|\.{3,}:)(?:[ \t]|$)")
_NUMBERED_FIRST = re.compile(r"\s*(?:\[(?:nav|ins)\]\s*)?In[ \t]*\[\d+\]:\s")
_BEGINS_WITH_FENCE = re.compile(r"\s*(?:```|~~~)")
_HAS_FENCE = re.compile(r"^[ \t]*```", re.MULTILINE)
_CELL_MAGIC = re.compile(r"\s*(%%[A-Za-z_]\w*)")
_ADVICE = "send only the lines inside ``` and ```"


def clean_source(source: str) -> str:
    """For all code. `In [1]: x = 2` is valid Python, which annotates an item of `In`."""
    source = source.removeprefix(_BYTE_ORDER_MARK)
    return without_prompts(source) if _NUMBERED_FIRST.match(source) else source


def without_prompts(source: str) -> str:
    """
    For code that is not valid Python. If the first or second line begins with a prompt, all lines
    lose theirs, as in IPython.
    """
    lines = source.split("\n")
    first = next((number for number, line in enumerate(lines) if line.strip()), 0)
    second = lines[first + 1] if first + 1 < len(lines) else ""
    for prompt, first_prompt in ((_CLASSIC, _CLASSIC_FIRST), (_NUMBERED, _NUMBERED_FIRST)):
        if first_prompt.match(f"{lines[first]}\n") or prompt.match(second):
            return "\n".join(prompt.sub("", line, count=1) for line in lines)
    return source


def add_hint(error: SyntaxError, source: str) -> None:
    """Says in the message if the code is in a Markdown fence, or has a cell magic in its middle."""
    misplaced = _CELL_MAGIC.match(error.text or "")
    if _BEGINS_WITH_FENCE.match(source):
        error.msg = f"The code is in a Markdown fence: {_ADVICE}"
    elif _HAS_FENCE.search(source):
        error.msg = f"{error.msg}. The code has a Markdown fence in it: {_ADVICE}"
    elif misplaced:
        error.msg = f"{misplaced[1]} is a cell magic: it must be the first line of the code"
