"""input() in a step: nobody types, and the error says so."""

from __future__ import annotations

import builtins
import sys

from ..packages.wrapping import named_like

_HINT = "input() found nothing to read: a step has no keyboard. Put the value into the code, a file or `env`."


def install_input_hint() -> None:
    read = builtins.input

    def input(prompt="", /):
        try:
            return read(prompt)
        except EOFError:
            if sys.stdin is not sys.__stdin__:
                raise
        raise EOFError(_HINT)

    builtins.input = named_like(read, input)
