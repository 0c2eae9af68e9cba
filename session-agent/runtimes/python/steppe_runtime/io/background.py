"""Sends output and errors of background code to the agent, apart from the running step."""

from __future__ import annotations

import sys
import threading

from ..execution.attribution import Attribution
from ..execution.error_report import describe_error, traceback_lines
from .frames import FrameConnection
from .output_order import OutputOrder

_MAX_CHARACTERS = 1024 * 1024


class Background:
    def __init__(self, connection: FrameConnection, order: OutputOrder, attribution: Attribution):
        self._connection = connection
        self._order = order
        self._attribution = attribution
        self._report_foreground = threading.excepthook

    def send_text(self, stream: str, text: str) -> None:
        for start in range(0, len(text), _MAX_CHARACTERS):
            part = text[start : start + _MAX_CHARACTERS]
            self._connection.send({"type": "background", "stream": stream, "text": part})

    def report(self, error: BaseException) -> None:
        """Reports an error that does not end a step, at its place in the output of the step."""
        frame = {"type": "bgerror", **describe_error(error)}
        with self._order.lock, self._connection.lock:
            step = self._attribution.running
            if step is None:
                self._connection.send(frame)
            else:
                self._connection.send({**frame, "step_id": step.step_id})
                self._order.showed(is_last=False)

    def report_thread(self, details) -> None:
        """
        For threading.excepthook. A thread of the running step writes to its stderr, as Python does,
        but in one piece.
        """
        if details.exc_type is SystemExit:
            return
        if details.exc_value is None:
            self._report_foreground(details)
        elif self._attribution.is_background():
            self.report(details.exc_value)
        else:
            name = threading.current_thread().name
            print(
                f"Exception in thread {name}:",
                *traceback_lines(details.exc_value),
                sep="\n",
                file=sys.stderr,
            )
