"""Runs one `run` command, from the start marker to `done`."""

from __future__ import annotations

import contextvars
import os
import sys
import time

from ..packages.module_hooks import repair_interrupted_imports
from ..worker.process_controls import flush_c_streams, own_usage
from ..worker.worker_parts import WorkerParts
from .attribution import Step
from .error_report import describe_error, print_error, trace_without_own_frames
from .step_scope import StepScope


class StepRunner:
    def __init__(self, *, parts: WorkerParts, workspace: str, context: contextvars.Context):
        self._parts = parts
        self._workspace = workspace
        self._context = context
        self._pid = os.getpid()
        # The function itself, because freezegun and others replace the attributes of the module.
        self._clock = time.perf_counter

    def run(self, command: dict) -> None:
        parts = self._parts
        parts.pipes.prepare()
        parts.streams.prepare()
        parts.loop.prepare_step()
        parts.order.begin(command["nonce"])
        parts.attribution.begin(Step(command["step_id"]), self._context)
        before, started = own_usage(), self._clock()
        error = self._run_code(command)
        self._exit_if_forked(error)
        outcome = self._outcome(error)
        # Objects that the error held may print when they are deleted.
        error = None
        parts.streams.flush()
        flush_c_streams()
        ended, after = self._clock(), own_usage()
        usage = {
            "duration_ms": _milliseconds(ended - started),
            "cpu_ms": _milliseconds(after.cpu_seconds - before.cpu_seconds),
            "max_rss_bytes": after.peak_rss_bytes,
        }
        done = {"type": "done", "step_id": command["step_id"], **outcome, "usage": usage}
        # No other thread sends frames or output for this step after this point.
        with parts.connection.lock:
            parts.attribution.end()
        parts.order.end()
        parts.connection.send(done)

    def _run_code(self, command: dict) -> BaseException | None:
        """
        Returns what the code raised. An interrupt may come anywhere between arm and disarm; it does
        not leave this function.
        """
        interrupts = self._parts.interrupts
        try:
            with StepScope(command["env"], command["cwd"], self._workspace):
                return self._guarded(interrupts, command)
        except Exception as error:
            # The directory does not exist, or user code has replaced os.environ.
            return error

    def _guarded(self, interrupts, command: dict) -> BaseException | None:
        try:
            try:
                interrupts.arm(command["step_id"])
                self._run_and_show(command)
                return None
            finally:
                interrupts.disarm()
        except BaseException as error:
            return error

    def _run_and_show(self, command: dict) -> None:
        figures, notebook = self._parts.figures, self._parts.notebook
        number = command["execution_count"]
        notebook.begin(command["code"], number)
        try:
            self._run_and_show_value(command)
        except BaseException as error:
            # Figures of a failed step are shown, but an interrupt does not wait for them.
            self._context.run(
                figures.close_open if self._parts.interrupts.fired else figures.show_open
            )
            notebook.end(command["code"], number, error)
            raise
        self._context.run(figures.show_open)
        notebook.end(command["code"], number, None)

    def _run_and_show_value(self, command: dict) -> None:
        number = command["execution_count"]
        filename = f"<step {number}>"
        value = self._parts.cells.run(command["code"], filename)
        if number == 0:
            # The agent rehearses a step of which the session must find nothing.
            self._parts.cells.forget_source(filename)
        if value is not None:
            self._parts.notebook.keep(value)
            self._context.run(self._parts.displays.show_main_result, value)

    def _outcome(self, error: BaseException | None) -> dict:
        if error is None:
            return {"status": "completed", "error": None}
        # Even if user code or an import in C turned the interrupt into another exception.
        status = "interrupted" if self._parts.interrupts.fired else "failed"
        if status == "interrupted":
            repair_interrupted_imports()
        elif not isinstance(error, MemoryError):
            _store_for_post_mortem(error)
        return {"status": status, "error": describe_error(error)}

    def _exit_if_forked(self, error: BaseException | None) -> None:
        """
        A child of os.fork() that reaches the end of the step exits, as it would at the end of a
        script.
        """
        if os.getpid() == self._pid:
            return
        code = _exit_code(error)
        if code is None:
            print_error(error)
        self._parts.streams.flush()
        os._exit(1 if code is None else code)


def _store_for_post_mortem(error: BaseException) -> None:
    """Python's prompt keeps the error there for pdb.pm() and the like."""
    sys.last_type, sys.last_value, sys.last_traceback = (
        type(error),
        error,
        trace_without_own_frames(error),
    )
    # It replaces the three others since Python 3.12.
    sys.last_exc = error


def _milliseconds(seconds: float) -> float:
    return max(0.0, round(seconds * 1000, 3))


def _exit_code(error: BaseException | None) -> int | None:
    if error is None:
        return 0
    if isinstance(error, SystemExit):
        return error.code & 0xFF if isinstance(error.code, int) else int(error.code is not None)
    return None
