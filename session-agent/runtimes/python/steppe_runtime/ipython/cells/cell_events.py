"""`get_ipython().events`: functions of the user that run before and after each cell."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable

from ...execution.error_report import print_error
from .execution_result import ExecutionInfo, ExecutionResult

_EVENTS = ("pre_execute", "pre_run_cell", "post_execute", "post_run_cell", "shell_initialized")


class CellEvents:
    def __init__(self):
        self.callbacks: dict[str, list[Callable]] = {name: [] for name in _EVENTS}

    def register(self, event: str, function: Callable) -> None:
        if not callable(function):
            raise TypeError(f"{function!r} cannot be called")
        if function not in self.callbacks[event]:
            self.callbacks[event].append(function)

    def unregister(self, event: str, function: Callable) -> None:
        if function not in self.callbacks[event]:
            raise ValueError(f"{function!r} is not registered for {event}")
        self.callbacks[event].remove(function)

    def trigger(self, event: str, *values) -> None:
        """An error of a function is reported; it does not change the cell."""
        for function in list(self.callbacks[event]):
            try:
                function(*values[: _number_of_parameters(function, len(values))])
            except Exception as error:
                print(f"Error in callback {function} (for {event}):", file=sys.stderr)
                print_error(error)

    def before_cell(self, source: str) -> None:
        self.trigger("pre_execute")
        self.trigger("pre_run_cell", ExecutionInfo(source))

    def after_cell(self, source: str, number: int, value, error: BaseException | None) -> None:
        self.trigger("post_execute")
        result = ExecutionResult(ExecutionInfo(source), number, value, error)
        self.trigger("post_run_cell", result)


def _number_of_parameters(function: Callable, most: int) -> int:
    """A function may take fewer values than the event has."""
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return most
    if any(parameter.kind is parameter.VAR_POSITIONAL for parameter in parameters):
        return most
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return min(most, sum(parameter.kind in kinds for parameter in parameters))
