"""`%who`, `%whos`, `%reset` and others that list or delete the names of the user."""

from __future__ import annotations

import re

from ..usage_error import UsageError

_HIDDEN = {"In", "Out", "get_ipython", "exit", "quit", "display"}
_MAX_INFO_CHARACTERS = 60


def list_names(shell, arguments: str, names: dict) -> None:
    """Prints the names of the user, or those of the types that are named."""
    found = names_of_user(shell, arguments, names)
    print("\t ".join(found) if found else "Interactive namespace is empty.")


def names_of_user(shell, arguments: str, _names: dict) -> list[str]:
    """Returns the names that %who prints, sorted."""
    kinds = arguments.split()
    return sorted(
        name
        for name, value in shell.user_ns.items()
        if not name.startswith("_")
        and name not in _HIDDEN
        and (not kinds or type(value).__name__ in kinds)
    )


def describe_names(shell, arguments: str, names: dict) -> None:
    """Prints a table of the names of the user, with types and values."""
    found = names_of_user(shell, arguments, names)
    if not found:
        print("Interactive namespace is empty.")
        return
    rows = [(name, type(shell.user_ns[name]).__name__) for name in found]
    name_width = max(8, *(len(name) for name, _ in rows))
    type_width = max(4, *(len(kind) for _, kind in rows))
    head = f"{'Variable':{name_width}}   {'Type':{type_width}}   Data/Info"
    print(f"{head}\n{'-' * len(head)}")
    for name, kind in rows:
        print(f"{name:{name_width}}   {kind:{type_width}}   {_information(shell.user_ns[name])}")


def _information(value) -> str:
    try:
        shape = getattr(value, "shape", None)
        if isinstance(shape, tuple):
            text = f"shape: {shape}, type: {value.dtype}" if hasattr(value, "dtype") else f"{shape}"
        elif isinstance(value, (dict, list, tuple, set, frozenset)):
            text = f"n={len(value)}"
        else:
            text = str(value)
    except Exception as error:
        text = f"<{type(error).__name__}>"
    text = text.replace("\n", r"\n")
    if len(text) <= _MAX_INFO_CHARACTERS:
        return text
    return f"{text[: _MAX_INFO_CHARACTERS // 2]}<...>{text[-_MAX_INFO_CHARACTERS // 2 + 5 :]}"


def reset(shell, arguments: str, _names: dict) -> None:
    """
    Deletes the names of the user and the results of earlier cells; `-s` keeps the results, `out`
    deletes only these. Needs `-f`, because it cannot prompt.
    """
    words = arguments.split()
    options, targets = {word for word in words if word.startswith("-")}, set(words)
    targets -= options
    if not options <= {"-f", "-s"} or not targets <= {"out", "in", "array"}:
        raise UsageError("%reset takes -f, -s, and out or array")
    if not targets and "-f" not in options:
        raise UsageError("%reset deletes all names of the session: confirm with %reset -f")
    if "array" in targets:
        _delete(shell, lambda _name, value: type(value).__name__ == "ndarray")
    if not targets:
        shell.clear_names()
    if "out" in targets or (not targets and "-s" not in options):
        shell.notebook.history.forget_results()


def reset_selective(shell, arguments: str, _names: dict) -> None:
    """Deletes the names that match a regular expression. Needs `-f`."""
    option, _, pattern = arguments.partition(" ")
    if option != "-f" or not pattern:
        raise UsageError("%reset_selective needs -f and a regular expression")
    matching = re.compile(pattern.strip())
    _delete(shell, lambda name, _value: matching.search(name))


def _delete(shell, is_deleted) -> None:
    for name, value in list(shell.user_ns.items()):
        if not name.startswith("__") and is_deleted(name, value):
            del shell.user_ns[name]


def delete(shell, arguments: str, _names: dict) -> None:
    """Deletes a name, and all others of the same value; `-n` deletes the name alone."""
    words = arguments.split()
    by_name = "-n" in words
    names = [word for word in words if word != "-n"]
    if len(names) != 1:
        raise UsageError("%xdel needs one name: %xdel [-n] name")
    shell.del_var(names[0], by_name)


LINE = {
    "reset": reset,
    "reset_selective": reset_selective,
    "who": list_names,
    "who_ls": names_of_user,
    "whos": describe_names,
    "xdel": delete,
}
