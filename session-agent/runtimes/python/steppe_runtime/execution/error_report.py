"""Describes an exception as Python would print it, without the frames of this program."""

from __future__ import annotations

import linecache
import os
import traceback

from ..io.text_limits import cut_lines, cut_text

# The innermost. A frame takes some 50 µs to describe, and recursion goes as deep as sys.setrecursionlimit() lets it.
_MAX_FRAMES = 5000
OWN_FILES = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep


# Not what a class or an object says of itself: what user code has put there may raise.
_name_of = type.__dict__["__name__"].__get__
_trace_of = BaseException.__dict__["__traceback__"].__get__


def describe_error(error: BaseException) -> dict:
    name = _name_of(type(error))
    try:
        return {
            "name": name,
            "message": cut_text(_message(error))[0],
            "traceback": cut_lines(traceback_lines(error)),
        }
    except BaseException as failure:
        # Out of memory or of stack, or an exception whose own methods fail, or leave by SystemExit.
        return {
            "name": name,
            "message": f"(it could not be described: {_name_of(type(failure))})",
            "traceback": [],
        }


def traceback_lines(error: BaseException) -> list[str]:
    _complete_syntax_error(error)
    report = traceback.TracebackException(
        type(error), error, trace_without_driver(error), limit=-_MAX_FRAMES
    )
    _clean(report)
    return "".join(report.format()).rstrip("\n").split("\n")


def _message(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return "0" if error.code is None else str(error.code)
    try:
        return str(error)
    except BaseException:
        return "<exception str() failed>"


def trace_without_driver(error: BaseException):
    """The loop that a top-level await runs in belongs to the driver; asyncio below a user's frame does not."""
    trace = _trace_of(error)
    while trace is not None:
        code = trace.tb_frame.f_code
        module = trace.tb_frame.f_globals.get("__name__", "")
        if not code.co_filename.startswith(OWN_FILES) and module.partition(".")[0] != "asyncio":
            break
        trace = trace.tb_next
    return trace


def _clean(report: traceback.TracebackException) -> None:
    seen: set[int] = set()
    waiting = [report]
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        if current.stack:
            current.stack[:] = [
                frame for frame in current.stack if not frame.filename.startswith(OWN_FILES)
            ]
        waiting += [
            current.__cause__,
            current.__context__,
            *(getattr(current, "exceptions", None) or ()),
        ]


def _complete_syntax_error(error: BaseException) -> None:
    # Errors found after parsing carry no text, since a step is not a file.
    if isinstance(error, SyntaxError) and error.text is None and error.filename and error.lineno:
        error.text = linecache.getline(error.filename, error.lineno) or None
