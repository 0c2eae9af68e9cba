"""`%time`, `%%time` and `%timeit`."""

from __future__ import annotations

import ast
import math
import shlex
import time
import timeit

from .last_value import split_last_value

_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs"), (1e-9, "ns"))


class Stopwatch:
    """Prints what IPython prints, when the code it surrounds has ended well."""

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


def time_repeatedly(arguments: str, body: str | None, names: dict) -> None:
    """`-n` loops and `-r` runs as in IPython. In `%%timeit` the first line is the set-up."""
    options, code = _options(arguments)
    statement, setup = (code, "pass") if body is None else (body, code or "pass")
    timer = timeit.Timer(statement, setup, globals=names)
    loops = options.get("n") or timer.autorange()[0]
    runs = [seconds / loops for seconds in timer.repeat(options.get("r", 7), loops)]
    mean = sum(runs) / len(runs)
    deviation = math.sqrt(sum((run - mean) ** 2 for run in runs) / len(runs))
    plural = "s" if loops != 1 else ""
    print(
        f"{_duration(mean)} ± {_duration(deviation)} per loop"
        f" (mean ± std. dev. of {len(runs)} run{'s' if len(runs) != 1 else ''}, {loops:,} loop{plural} each)"
    )


def _options(arguments: str) -> tuple[dict[str, int], str]:
    options: dict[str, int] = {}
    rest = arguments.lstrip()
    while rest[:2] in ("-n", "-r"):
        name, value = rest[1], shlex.split(rest[2:])[0]
        options[name] = int(value)
        rest = rest[2:].lstrip()[len(value) :].lstrip()
    return options, rest


def _duration(seconds: float) -> str:
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"
