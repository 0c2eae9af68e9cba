"""multiprocessing forks by default, and reports at once what a spawned process could not find."""

from __future__ import annotations

import functools
from collections.abc import Iterable

from ..packages.module_hooks import named_like, when_imported

_LOOKED_AT = 8


def follow_multiprocessing() -> None:
    when_imported("multiprocessing.context", _fork_by_default)
    when_imported("multiprocessing.process", _check_processes)
    when_imported("multiprocessing.pool", _check_pools)
    when_imported("concurrent.futures.process", _check_executors)


def _fork_by_default(module) -> None:
    # Python 3.14 has another default, whose processes lack everything that the session has defined.
    module._default_context._default_context = module._concrete_contexts["fork"]


def _check_processes(module) -> None:
    start = module.BaseProcess.start

    def start_checked(self):
        _refuse_names_of_steps(
            self._start_method, type(self), self._target, *self._args, *self._kwargs.values()
        )
        return start(self)

    module.BaseProcess.start = named_like(start, start_checked)


def _check_pools(module) -> None:
    for name in ("apply_async", "_map_async", "imap", "imap_unordered"):
        _check_submission(module.Pool, name, "_ctx")


def _check_executors(module) -> None:
    _check_submission(module.ProcessPoolExecutor, "submit", "_mp_context")


def _check_submission(pool: type, name: str, context: str) -> None:
    submit = getattr(pool, name)

    def submit_checked(self, func, /, *args, **kwargs):
        _refuse_names_of_steps(getattr(self, context).get_start_method(), func, *args)
        return submit(self, func, *args, **kwargs)

    setattr(pool, name, named_like(submit, submit_checked))


def _refuse_names_of_steps(start_method: str | None, *values) -> None:
    if start_method is None:
        import multiprocessing

        start_method = multiprocessing.get_start_method()
    if start_method == "fork":
        return
    found = _first_name_of_step(values)
    if found:
        import pickle

        raise pickle.PicklingError(
            f"{found} is defined in a step. A process that is started with '{start_method}' cannot"
            " find it. Put it into a module of the workspace and import it, or use the default"
            " start method, 'fork'."
        )


def _first_name_of_step(values: Iterable, depth: int = 2) -> str | None:
    return next((name for name in (_name_of_step(value, depth) for value in values) if name), None)


def _name_of_step(value, depth: int) -> str | None:
    """The name that pickle would look up in `__main__`, as far as this can be seen from outside."""
    if isinstance(value, functools.partial):
        return _first_name_of_step((value.func, *value.args), depth)
    if type(value) in (list, tuple):
        # The items that a pool maps over; usually the first ones are like all the others.
        return _first_name_of_step(value[:_LOOKED_AT], depth - 1) if depth else None
    named = value if hasattr(value, "__qualname__") else type(value)
    return named.__qualname__ if getattr(named, "__module__", None) == "__main__" else None
