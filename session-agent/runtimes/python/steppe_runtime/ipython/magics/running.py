"""`%run`."""

from __future__ import annotations

import glob
import importlib.util
import os
import shlex
import sys
import types

from ..usage_error import UsageError
from .timing import Stopwatch

_OPTIONS = "-i, -n, -t, -e, -G and -m"
# Names of a module that are not the script's own.
_OF_MODULE = set(vars(types.ModuleType("m"))) | {"__file__", "__builtins__", "__cached__"}


def run(shell, arguments: str, _names: dict) -> None:
    """
    Runs a script, or a module with `-m`, with the words that follow as sys.argv. Its names are then
    names of the session. `-i` runs it with the names of the session, `-n` not as __main__, `-t`
    prints the time, `-e` ignores sys.exit(), `-G` leaves `*` in the words.
    """
    options, words = _options(arguments)
    if not words:
        raise UsageError(f"%run needs a file. Its options are {_OPTIONS}")
    path = _module_file(words[0]) if "m" in options else _script_file(words[0])
    script_words = words[1:] if "G" in options else [w for word in words[1:] for w in _glob(word)]
    if path.endswith((".ipynb", ".ipy")):
        _run_cells(shell, path)
        return
    module = types.ModuleType("__main__")
    module.__dict__.update(__name__="__main__", __file__=path)
    if "n" in options:
        module.__name__ = os.path.splitext(os.path.basename(path))[0]
    if "i" in options:
        module.__dict__.update(_own_names(shell.user_ns))
    try:
        with _Process(module, [path, *script_words], is_module="m" in options):
            _execute(path, module, options)
    finally:
        # As at the end of a cell that failed, what it has defined stays.
        shell.user_ns.update(_own_names(module.__dict__))


def _execute(path: str, module: types.ModuleType, options: set[str]) -> None:
    with open(path, "rb") as file:
        code = compile(file.read(), path, "exec", dont_inherit=True)
    watch = Stopwatch().__enter__() if "t" in options else None
    try:
        exec(code, module.__dict__)
    except SystemExit as exited:
        # A script that ends so has done its work.
        if exited.code not in (None, 0) and "e" not in options:
            raise
    if watch is not None:
        watch.__exit__(None)


class _Process:
    """What a process of its own would have: its arguments, its __main__ and its sys.path[0]."""

    def __init__(self, module: types.ModuleType, words: list[str], *, is_module: bool):
        self._module = module
        self._words = words
        self._folder = os.getcwd() if is_module else os.path.dirname(os.path.abspath(words[0]))
        self._before = None

    def __enter__(self) -> None:
        self._before = (sys.argv, sys.modules["__main__"])
        sys.argv = self._words
        sys.path.insert(0, self._folder)
        if self._module.__name__ == "__main__":
            sys.modules["__main__"] = self._module

    def __exit__(self, *_) -> None:
        sys.argv, sys.modules["__main__"] = self._before
        if self._folder in sys.path:
            sys.path.remove(self._folder)


def _run_cells(shell, path: str) -> None:
    with open(path, encoding="utf-8") as file:
        text = file.read()
    for source in [text] if path.endswith(".ipy") else _code_cells(text):
        shell.run_text(source)


def _code_cells(notebook: str) -> list[str]:
    import json

    cells = [cell for cell in json.loads(notebook)["cells"] if cell["cell_type"] == "code"]
    return ["".join(cell["source"]) for cell in cells]


def _options(arguments: str) -> tuple[set[str], list[str]]:
    words = shlex.split(arguments)
    options: set[str] = set()
    while words and words[0].startswith("-") and words[0] != "-":
        word = words.pop(0)
        if word == "--":
            break
        if not set(word[1:]) <= {"G", "e", "i", "m", "n", "t"}:
            raise UsageError(f"%run {word} is not available here. Its options are {_OPTIONS}")
        options |= set(word[1:])
    return options, words


def _script_file(word: str) -> str:
    path = os.path.expanduser(word)
    found = next((name for name in (path, f"{path}.py") if os.path.isfile(name)), None)
    if found is None:
        raise FileNotFoundError(f"File `{word}` not found.")
    return found


def _module_file(name: str) -> str:
    spec = importlib.util.find_spec(name)
    if spec is not None and spec.submodule_search_locations is not None:
        spec = importlib.util.find_spec(f"{name}.__main__")
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        raise ModuleNotFoundError(f"%run -m: there is no source of the module {name}")
    return spec.origin


def _glob(word: str) -> list[str]:
    return sorted(glob.glob(os.path.expanduser(word))) or [word]


def _own_names(names: dict) -> dict:
    return {name: value for name, value in names.items() if name not in _OF_MODULE}


LINE = {"run": run}
