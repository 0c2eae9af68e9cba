"""`%time`, `%%time` and `%timeit`."""

from __future__ import annotations

import ast
import math
import re
import time
import timeit
from typing import NamedTuple

from ...execution.cell_source import split_last_value

_OPTION = re.compile(r"-(?:([nr])\s*(\d+)|([oq]))(?:\s+|$)")
_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


class Stopwatch:
    """Prints what IPython prints, unless the code inside raised."""

    def __enter__(self):
        self._cpu, self._wall = time.process_time(), time.perf_counter()
        return self

    def __exit__(self, kind, *_):
        if kind is None:
            wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
            print(f"CPU times: total: {_duration(cpu)}\nWall time: {_duration(wall)}")


def time_statement(code: str, names: dict):
    tree, last = split_last_value(ast.parse(code, "<timed>"), code)
    statements = compile(tree, "<timed>", "exec")
    value = last and compile(last, "<timed>", "eval")
    with Stopwatch():
        exec(statements, names)
        return value and eval(value, names)


class TimeitResult(NamedTuple):
    """The result of `%timeit -o`, in seconds per loop."""

    loops: int
    repeat: int
    average: float
    stdev: float
    best: float
    worst: float

    def __repr__(self) -> str:
        runs, loops = "s" if self.repeat != 1 else "", "s" if self.loops != 1 else ""
        return (
            f"{_duration(self.average)} ± {_duration(self.stdev)} per loop"
            f" (mean ± std. dev. of {self.repeat} run{runs}, {self.loops:,} loop{loops} each)"
        )


def time_repeatedly(arguments: str, body: str | None, names: dict) -> TimeitResult | None:
    """
    `-n` loops, `-r` runs, `-q` and `-o` as in IPython. The first line of `%%timeit` is the set-up.
    """
    options, code = _options(arguments)
    statement, setup = (code, "pass") if body is None else (body, code or "pass")
    timer = timeit.Timer(statement, setup, globals=names)
    loops = options.get("n") or timer.autorange()[0]
    runs = [seconds / loops for seconds in timer.repeat(options.get("r", 7), loops)]
    mean = sum(runs) / len(runs)
    deviation = math.sqrt(sum((run - mean) ** 2 for run in runs) / len(runs))
    result = TimeitResult(loops, len(runs), mean, deviation, min(runs), max(runs))
    if "q" not in options:
        print(result)
    return result if "o" in options else None


def _options(arguments: str) -> tuple[dict[str, int], str]:
    options: dict[str, int] = {}
    rest = arguments.lstrip()
    while option := _OPTION.match(rest):
        options[option[1] or option[3]] = int(option[2] or 1)
        rest = rest[option.end() :]
    return options, rest


def _duration(seconds: float) -> str:
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"


def _time(_shell, arguments: str, names: dict):
    """Runs a statement and prints the time that it took."""
    return time_statement(arguments, names)


def _timeit(_shell, arguments: str, names: dict):
    """
    Runs a statement many times and prints the mean time. `-n` is the number of loops, `-r` of runs;
    `-q` prints nothing, `-o` returns the result.
    """
    return time_repeatedly(arguments, None, names)


def _timeit_cell(_shell, arguments: str, body: str, names: dict):
    """Times a cell; the options are those of %timeit, the rest of the line is the set-up."""
    return time_repeatedly(arguments, body, names)


LINE = {"time": _time, "timeit": _timeit}
CELL = {"timeit": _timeit_cell}
