"""Raises an interrupt in the frame that a signal has interrupted."""

from __future__ import annotations

import sys

# These Pythons look for the handler of an exception that is raised at a jump backwards in front of
# the jump's target. If the target is the first statement of a `try`, as in `try: while True: …`,
# they find none: its `finally` would be skipped.
_MISSES_HANDLERS = (3, 11) <= sys.version_info < (3, 13)


def raise_interrupt(frame) -> None:
    """
    Raises KeyboardInterrupt, or makes `frame` raise it at its next instruction and returns.
    """
    if not _MISSES_HANDLERS or frame is None or not _jumps_backwards(frame):
        raise KeyboardInterrupt
    frame.f_trace_opcodes = True
    frame.f_trace = _raise_in_frame
    sys.settrace(_trace_no_call)


def _jumps_backwards(frame) -> bool:
    code = frame.f_code
    # A debugger of the user would be removed.
    if not code.co_exceptiontable or frame.f_lasti < 0 or sys.gettrace() is not None:
        return False
    # Imported only for an interrupt.
    from opcode import opname

    return "JUMP_BACKWARD" in opname[code.co_code[frame.f_lasti]]


def _raise_in_frame(frame, _event, _arg):
    sys.settrace(None)
    frame.f_trace = None
    frame.f_trace_opcodes = False
    raise KeyboardInterrupt


def _trace_no_call(_frame, _event, _arg):
    """Python calls it for each new frame."""
