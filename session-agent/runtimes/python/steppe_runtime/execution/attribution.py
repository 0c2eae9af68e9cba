"""Records which step started a thread, a task or a callback."""

from __future__ import annotations

import contextvars
import functools
import sys
import threading

from ..packages.module_hooks import named_like, when_imported

_owner: contextvars.ContextVar[Step | None] = contextvars.ContextVar("steppe_step", default=None)


class Step:
    __slots__ = ("step_id",)

    def __init__(self, step_id: str):
        self.step_id = step_id


class Attribution:
    """
    `running` is the step in progress. Code that belongs to no known step counts as part of it. In a
    process that user code forked nothing counts as background: it has the raw streams and no
    connection to the agent.
    """

    def __init__(self):
        self.running: Step | None = None
        self.is_forked = False

    def begin(self, step: Step, context: contextvars.Context) -> None:
        context.run(_owner.set, step)
        self.running = step

    def end(self) -> None:
        self.running = None

    def is_background(self) -> bool:
        owner = _owner.get()
        return owner is not None and owner is not self.running and not self.is_forked


def follow_threads() -> None:
    """
    A thread belongs to the step that started it, work in a thread pool to the step that submitted
    it.
    """
    _follow_thread_start()
    when_imported("concurrent.futures.thread", _follow_pool_work)
    when_imported("multiprocessing.pool", _follow_thread_pools)


def _follow_thread_start() -> None:
    start = threading.Thread.start
    bootstrap = threading.Thread._bootstrap_inner

    def start_of_step(self):
        if _has_context(self):
            # Since Python 3.14 a thread runs in a context of its own; `start` makes it unless there
            # is one.
            if self._context is None and not sys.flags.thread_inherit_context:
                self._context = contextvars.Context()
                self._context.run(_owner.set, _owner.get())
        else:
            self._steppe_step = _owner.get()
        return start(self)

    def bootstrap_in_step(self):
        if not _has_context(self):
            _owner.set(getattr(self, "_steppe_step", None))
        return bootstrap(self)

    threading.Thread.start = named_like(start, start_of_step)
    threading.Thread._bootstrap_inner = named_like(bootstrap, bootstrap_in_step)


def _has_context(thread: threading.Thread) -> bool:
    return hasattr(thread, "_context")


def _follow_pool_work(module) -> None:
    submit = module.ThreadPoolExecutor.submit

    def submit_of_step(self, fn, /, *args, **kwargs):
        return submit(self, _run_for, _owner.get(), fn, *args, **kwargs)

    module.ThreadPoolExecutor.submit = named_like(submit, submit_of_step)


def _follow_thread_pools(module) -> None:
    for name in ("apply_async", "_map_async", "imap", "imap_unordered"):
        _follow_submission(module.ThreadPool, name)


def _follow_submission(pool: type, name: str) -> None:
    submit = getattr(pool, name)

    def submit_of_step(self, func, /, *args, **kwargs):
        return submit(self, functools.partial(_run_for, _owner.get(), func), *args, **kwargs)

    setattr(pool, name, named_like(submit, submit_of_step))


def _run_for(step: Step | None, fn, /, *args, **kwargs):
    token = _owner.set(step)
    try:
        return fn(*args, **kwargs)
    finally:
        _owner.reset(token)
