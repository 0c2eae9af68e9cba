"""`%prun` and `%%prun`."""

from __future__ import annotations

import cProfile
import io
import os
import pstats
import shlex

from ..usage_error import UsageError

_OURS = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))) + os.sep
_OPTIONS = ("D", "T", "l", "q", "r", "s")
_SORTS = "calls cumulative file line module name nfl pcalls stdname time tottime cumtime"


def profile_statement(_shell, arguments: str, names: dict):
    """
    Profiles a statement. `-s` names the order, `-l` limits the lines, `-r` returns the statistics,
    `-q` prints nothing, `-T file` writes the text, `-D file` the data.
    """
    options, code = _options(arguments)
    compiled = compile(code, "<profiled>", "exec")
    return _profile(lambda: exec(compiled, names), options)


def profile_cell(shell, arguments: str, body: str, _names: dict):
    """Profiles a cell; the options are those of %prun."""
    options, code = _options(arguments)
    return _profile(lambda: shell.run_body(f"{code}\n{body}" if code else body), options)


def _profile(run, options: dict[str, list[str]]):
    profile = cProfile.Profile()
    try:
        profile.runcall(run)
    except SystemExit:
        print("*** SystemExit exception caught in code being profiled.")
    text = io.StringIO()
    statistics = _without_ours(pstats.Stats(profile, stream=text)).strip_dirs()
    statistics.sort_stats(*options.get("s", ["time"]))
    statistics.print_stats(*[_limit(word) for word in options.get("l", [])])
    printed = text.getvalue().strip("\n")
    if "q" not in options:
        print(printed)
    for path in options.get("T", []):
        with open(path, "w", encoding="utf-8") as file:
            file.write(printed)
    for path in options.get("D", []):
        statistics.dump_stats(path)
    return statistics if "r" in options else None


def _without_ours(statistics: pstats.Stats) -> pstats.Stats:
    """Without the functions that start the profiled code."""
    for function in [key for key in statistics.stats if key[0].startswith(_OURS)]:
        primitive, calls, seconds, *_ = statistics.stats.pop(function)
        statistics.prim_calls -= primitive
        statistics.total_calls -= calls
        statistics.total_tt -= seconds
    return statistics


def _limit(word: str):
    """A number of lines, a share of them, or a pattern."""
    for number in (int, float):
        try:
            return number(word)
        except ValueError:
            continue
    return word


def _options(arguments: str) -> tuple[dict[str, list[str]], str]:
    options: dict[str, list[str]] = {}
    rest = arguments.lstrip()
    while rest.startswith("-") and rest[1:2] in _OPTIONS:
        name, rest = rest[1], rest[2:].lstrip()
        values = options.setdefault(name, [])
        if name in "slTD":
            word, _, rest = rest.partition(" ")
            if not word:
                raise UsageError(f"%prun -{name} needs a value")
            values.append(shlex.split(word)[0])
        if name == "s" and values[-1] not in _SORTS.split():
            raise UsageError(f"%prun -s takes one of {_SORTS}")
        rest = rest.lstrip()
    return options, rest


LINE = {"prun": profile_statement}
CELL = {"prun": profile_cell}
