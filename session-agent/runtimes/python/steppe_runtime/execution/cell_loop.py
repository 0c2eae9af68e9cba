"""
One asyncio loop for the life of a worker: it runs top-level await, and between steps their tasks.
"""

from __future__ import annotations

import contextvars
import os
import sys
import threading
from collections.abc import Callable, Coroutine

from ..packages.module_hooks import named_like, when_imported
from .awaited_task import AwaitedTask
from .interrupts import Interrupts, UninterruptedLock

_TASK_TAKES_CONTEXT = sys.version_info >= (3, 11)
_UNSET = object()


class CellLoop:
    """
    The loop is created when asyncio is first imported; before that nothing can run while the worker
    waits. `report(error)` receives errors of background tasks. The loop does not run while
    synchronous code does, so that asyncio.run() works in a cell.
    """

    def __init__(self, interrupts: Interrupts, report: Callable[[BaseException], None]):
        self._interrupts = interrupts
        self._report = report
        self._asyncio = None
        self._loop = None
        self._watched: int | None = None
        self._is_readable = False
        self._is_idle = False
        self._owner = (os.getpid(), threading.get_ident())

    def follow_imports(self) -> None:
        when_imported("asyncio", self._attach)

    def run(self, start: Callable[[], Coroutine], context: contextvars.Context):
        """Runs the coroutine that `start` returns to its end. The coroutine must not raise."""
        task = None
        try:
            # If it were interrupted in between, the task would run in the background.
            with UninterruptedLock(self._interrupts):
                task = self._create_task(start, context)
                self._interrupts.awaited = AwaitedTask(
                    self._asyncio, self._loop, task, CellLoop.run.__code__
                )
            while not task.done():
                try:
                    self._loop.run_until_complete(task)
                except BaseException as error:
                    self._report_other_task(task, error)
        except KeyboardInterrupt:
            if task:
                task.cancel()
            raise
        finally:
            self._interrupts.awaited = None
        if task.cancelled():
            # It was cancelled before its first line.
            raise self.outcome(self._asyncio.CancelledError())
        return task.result()

    def outcome(self, error: BaseException) -> BaseException:
        """
        The error of a step's coroutine: a cancellation that an interrupt caused becomes
        KeyboardInterrupt.
        """
        if self._interrupts.fired and isinstance(error, self._asyncio.CancelledError):
            return KeyboardInterrupt().with_traceback(error.__traceback__)
        return error

    def wait_readable(self, fd: int) -> None:
        """
        Returns when fd is readable; tasks, timers and callbacks run meanwhile. Returns at once if
        there is no loop.
        """
        if self._loop is None:
            return
        self._is_readable, self._is_idle = False, True
        # User code may stop the loop, and SystemExit in a task leaves it.
        while not self._is_readable:
            self._watch(fd)
            try:
                self._loop.run_forever()
            except BaseException as error:
                self._report(error)
        self._is_idle = False

    def prepare_step(self) -> None:
        """
        asyncio.run() leaves no current loop behind, and scripts close theirs: set it again for the
        next step.
        """
        if self._loop is not None:
            self._renew_closed()
            self._asyncio.set_event_loop(self._loop)

    def _create_task(self, start: Callable[[], Coroutine], context: contextvars.Context):
        if _TASK_TAKES_CONTEXT:
            return self._loop.create_task(start(), context=context)
        return context.run(self._loop.create_task, _keep_variables(start, context))

    def _attach(self, asyncio) -> None:
        if os.getpid() != self._owner[0]:
            return
        self._asyncio = asyncio
        self._make_loop()
        if threading.get_ident() == self._owner[1]:
            asyncio.set_event_loop(self._loop)
        self._allow_create_task_in_sync_code(asyncio)

    def _make_loop(self) -> None:
        loop = self._asyncio.new_event_loop()
        loop.set_exception_handler(self._on_exception)
        self._watched = None
        self._loop = loop

    def _renew_closed(self) -> None:
        if self._loop.is_closed():
            self._make_loop()

    def _report_other_task(self, task, error: BaseException) -> None:
        """
        SystemExit and KeyboardInterrupt leave the loop from any task; the step's own task returns a
        result.
        """
        self._renew_closed()
        if self._interrupts.fired and isinstance(error, KeyboardInterrupt):
            task.cancel()
        elif not task.done():
            self._report(error)

    def _allow_create_task_in_sync_code(self, asyncio) -> None:
        """
        In a notebook a loop always runs, so asyncio.create_task() works in any cell. Here too.
        """
        create_task = asyncio.create_task

        def create_task_anywhere(coro, **kwargs):
            here = (os.getpid(), threading.get_ident())
            if here == self._owner and asyncio._get_running_loop() is None:
                return self._loop.create_task(coro, **kwargs)
            return create_task(coro, **kwargs)

        asyncio.create_task = asyncio.tasks.create_task = named_like(
            create_task, create_task_anywhere
        )

    def _watch(self, fd: int) -> None:
        self._renew_closed()
        if self._watched != fd:
            self._loop.add_reader(fd, self._on_readable, fd)
            self._watched = fd

    def _on_readable(self, fd: int) -> None:
        self._is_readable = True
        if self._is_idle:
            self._loop.stop()
        else:
            # A frame that arrives during a step waits, and must not keep the loop spinning.
            self._loop.remove_reader(fd)
            self._watched = None

    def _on_exception(self, loop, details: dict) -> None:
        error = details.get("exception")
        if error is None:
            loop.default_exception_handler(details)
        else:
            self._report(error)


async def _keep_variables(start: Callable[[], Coroutine], context: contextvars.Context):
    """Older Pythons run a task in a copy of the context: what it sets would be gone after it."""
    try:
        return await start()
    finally:
        for variable, value in contextvars.copy_context().items():
            if context.get(variable, _UNSET) is not value:
                context.run(variable.set, value)
