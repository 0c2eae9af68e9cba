"""`name?` and the list of all magics."""

from __future__ import annotations

import inspect


def describe(_shell, arguments: str, names: dict) -> None:
    try:
        value = eval(arguments, names)
    except Exception:
        print(f"Object `{arguments}` not found.")
        return
    try:
        print(f"{arguments}{inspect.signature(value)}")
    except (TypeError, ValueError):
        print(f"{arguments}: {type(value).__name__}")
    print(inspect.getdoc(value) or "(no documentation)")


class _Magics:
    def __init__(self, line: list[str], cell: list[str]):
        self._line = line
        self._cell = cell

    def __repr__(self) -> str:
        line, cell = (
            "  ".join(f"{sign}{name}" for name in names)
            for sign, names in (("%", self._line), ("%%", self._cell))
        )
        return f"Available line magics:\n{line}\n\nAvailable cell magics:\n{cell}"

    def _repr_json_(self) -> dict:
        return {"line": self._line, "cell": self._cell}


def list_magics(shell, _arguments: str, _names: dict) -> _Magics:
    return _Magics(shell.names_of_magics("line"), shell.names_of_magics("cell"))


LINE = {"lsmagic": list_magics, "pinfo": describe}
