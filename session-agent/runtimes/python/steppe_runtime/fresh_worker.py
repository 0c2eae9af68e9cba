"""The entry of an interpreter that a worker was exec'ed into."""

from __future__ import annotations

from .handover import take_over
from .raw_pipes import RawPipes
from .spawn import serve


def main(text: str) -> None:
    handover = take_over(text)
    serve(handover, lambda: RawPipes(handover.run_dir, handover.epoch))
