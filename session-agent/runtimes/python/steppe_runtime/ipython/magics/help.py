"""`name?`, `name??`, `%magic?`, `pattern*?` and the list of all magics."""

from __future__ import annotations

import builtins
import fnmatch
import inspect

from ..usage_error import UsageError


def describe(shell, arguments: str, names: dict) -> None:
    """Prints the signature and documentation of an object, as `name?` does."""
    _describe(shell, arguments, names, with_source=False)


def describe_with_source(shell, arguments: str, names: dict) -> None:
    """Prints the signature and source of an object, as `name??` does."""
    _describe(shell, arguments, names, with_source=True)


def search(_shell, arguments: str, names: dict) -> None:
    """Prints the names that match a pattern such as `str.*find*`."""
    first, *rest = arguments.split(".")
    known = {**vars(builtins), **names}
    found = [(name, known[name]) for name in _matching(known, first)]
    for part in rest:
        found = [
            (f"{path}.{name}", getattr(value, name))
            for path, value in found
            for name in _matching(dir(value), part)
            if hasattr(value, name)
        ]
    for path, _ in found:
        print(path)


def _matching(names, pattern: str) -> list[str]:
    """Without `*` exactly; a pattern matches hidden names only if it starts like them."""
    if "*" not in pattern:
        return [name for name in names if name == pattern]
    lower = pattern.lower()
    return sorted(
        name
        for name in names
        if fnmatch.fnmatchcase(name.lower(), lower)
        and (pattern.startswith("_") or not name.startswith("_"))
    )


def _describe(shell, written: str, names: dict, *, with_source: bool) -> None:
    if "*" in written:
        search(shell, written, names)
        return
    try:
        value = _found(shell, written, names)
    except Exception:
        print(f"Object `{written}` not found.")
        return
    try:
        print(f"{written}{'' if written.startswith('%') else inspect.signature(value)}")
    except (TypeError, ValueError):
        print(f"{written}: {type(value).__name__}")
    source = _source(value) if with_source else None
    print(source or inspect.getdoc(value) or "(no documentation)")


def _found(shell, written: str, names: dict):
    if written.startswith("%"):
        return shell.function_of_magic(written)
    try:
        return eval(written, names)
    except Exception as error:
        try:
            return shell.function_of_magic(f"%{written}")
        except UsageError:
            raise error from None


def _source(value) -> str | None:
    try:
        return inspect.getsource(value).rstrip("\n")
    except (OSError, TypeError):
        return None


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
    """Lists all magics."""
    return _Magics(shell.names_of_magics("line"), shell.names_of_magics("cell"))


LINE = {
    "lsmagic": list_magics,
    "pinfo": describe,
    "pinfo2": describe_with_source,
    "psearch": search,
}
