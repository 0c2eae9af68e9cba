"""How values and figures are shown."""

from __future__ import annotations

import re
import sys

from ...io.figures import set_figure_formats, show_in_results
from ..formatters import display_formatter

_FIGURE_FORMAT = re.compile(r"\bfigure_formats?\s*=\s*(.+)")
_INTERACTIVITY = re.compile(r"""\bast_node_interactivity\s*=\s*['"](\w+)""")
_WORD = re.compile(r"""['"](\w+)['"]""")


def matplotlib(_shell, _arguments: str, _names: dict) -> None:
    """Figures are always shown in the same way, whatever the arguments are."""
    show_in_results()


def config(shell, arguments: str, _names: dict) -> None:
    """
    Sets the formats of figures, and which values of a cell are shown; other settings have no effect
    here.
    """
    chosen = _INTERACTIVITY.search(arguments)
    if chosen:
        shell.ast_node_interactivity = chosen[1]
    found = _FIGURE_FORMAT.search(arguments)
    if found:
        set_figure_formats(*_WORD.findall(found[1]))


def precision(_shell, arguments: str, _names: dict) -> str:
    """
    Sets how floats are shown: a number of digits, or a format such as `%.3e`. Without an argument
    they are shown as always.
    """
    plain = display_formatter.formatters["text/plain"]
    plain.float_precision = arguments.strip()
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        digits = re.search(r"\d+", arguments)
        numpy.set_printoptions(precision=int(digits[0]) if digits else 8)
    return plain.float_format


LINE = {"config": config, "matplotlib": matplotlib, "precision": precision}
