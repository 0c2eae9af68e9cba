"""Describes an exception as Python would print it, without the frames of this program."""

from __future__ import annotations

import linecache
import os
import sys
import traceback
import warnings
from collections.abc import Callable

from ..io.text_limits import cut_lines, cut_text
from ..packages.module_hooks import named_like

# Only the innermost frames. Describing one takes about 50 µs, and recursion goes as deep as
# sys.setrecursionlimit() allows.
_MAX_FRAMES = 5000
OWN_FILES = os.path.dirname(os.path.dirname(os.path.abspath(__file__))) + os.sep
_OWN_PLACES = (OWN_FILES, os.path.join(os.path.dirname(OWN_FILES[:-1]), "supervisor.py"))


# The attributes of a class or an object may be user code that raises; these descriptors are not.
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
        # Out of memory or stack, or the exception's own methods fail or raise SystemExit.
        return {
            "name": name,
            "message": f"(describing the error failed: {_name_of(type(failure))})",
            "traceback": [],
        }


def traceback_lines(error: BaseException) -> list[str]:
    _complete_syntax_error(error)
    report = traceback.TracebackException(
        type(error), error, trace_without_own_frames(error), limit=-_MAX_FRAMES
    )
    _clean(report)
    return "".join(report.format()).rstrip("\n").split("\n")


def print_error(error: BaseException) -> None:
    """As Python prints an error that nobody catches."""
    print("\n".join(traceback_lines(error)), file=sys.stderr)


def hide_own_places() -> None:
    """
    Warnings may arise in code of ours that waits on user code, for example when a coroutine is
    dropped. They name no file of ours.
    """
    format_with_place = warnings.formatwarning

    def formatwarning(message, category, filename, lineno, line=None):
        if filename.startswith(OWN_FILES):
            return f"{category.__name__}: {message}\n"
        return format_with_place(message, category, filename, lineno, line)

    warnings.formatwarning = named_like(format_with_place, formatwarning)


def hide_own_frames() -> None:
    """
    From what user code and libraries such as gevent and logging print themselves: functions of ours
    that replace others are called by user code, and call it.
    """
    for name in ("walk_tb", "walk_stack", "_walk_tb_with_full_positions"):
        walk = getattr(traceback, name, None)
        if walk is not None:
            setattr(traceback, name, named_like(walk, _without_own_frames(walk)))


def _without_own_frames(walk: Callable) -> Callable:
    def walk_foreign(start):
        # walk_stack(None) counts frames from the place where it is iterated.
        return walk(start) if start is None else filter(_is_foreign, walk(start))

    return walk_foreign


def _is_foreign(walked: tuple) -> bool:
    return not walked[0].f_code.co_filename.startswith(_OWN_PLACES)


def _message(error: BaseException) -> str:
    if isinstance(error, SystemExit):
        return "0" if error.code is None else str(error.code)
    try:
        return str(error)
    except BaseException:
        return "<exception str() failed>"


def trace_without_own_frames(error: BaseException):
    """
    Frames of the loop that runs a top-level await are left out; asyncio frames below user code
    stay.
    """
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
    # Errors that the compiler finds after parsing have no text, since a step is not a file.
    if isinstance(error, SyntaxError) and error.text is None and error.filename and error.lineno:
        error.text = linecache.getline(error.filename, error.lineno) or None
