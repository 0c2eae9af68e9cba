"""The entry of an interpreter that a worker was exec'ed into."""

from __future__ import annotations

from ..io.raw_pipes import RawPipes
from ..supervisor.spawn import serve
from .exec_state import restore_exec_state


def main(text: str) -> None:
    exec_state = restore_exec_state(text)
    serve(exec_state, lambda: RawPipes(exec_state.run_dir, exec_state.epoch))
