"""The frame that reports the exit of a worker to the agent."""

from __future__ import annotations

import os
import signal

_DETAIL_CHARACTERS = 2000


def exit_frame(epoch: int, status: int | None, *, reason: str | None, detail: str) -> dict:
    """`status` is the wait status of the process; None if there was no process."""
    code = signal_name = None
    if status is not None and os.WIFSIGNALED(status):
        signal_name = _signal_name(os.WTERMSIG(status))
    elif status is not None:
        code = os.WEXITSTATUS(status)
    return {
        "type": "exit",
        "epoch": epoch,
        "code": code,
        "signal": signal_name,
        "reason": reason,
        "detail": detail[:_DETAIL_CHARACTERS],
    }


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIG{number}"
