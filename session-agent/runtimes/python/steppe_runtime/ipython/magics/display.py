"""How values and figures are shown."""

from __future__ import annotations

import os
import re

from ...io.figures import show_in_results

# Also matches a list, and the function call that is the newer form.
_FIGURE_FORMAT = re.compile(r"""\bfigure_formats?\s*=\s*[\[{(]?\s*['"](svg|png)\b""")


def matplotlib(_shell, _arguments: str, _names: dict) -> None:
    """Figures are always shown in the same way, whatever the arguments are."""
    show_in_results()


def config(_shell, arguments: str, _names: dict) -> None:
    """Usually sets up the inline backend; only the format of figures has an effect here."""
    found = _FIGURE_FORMAT.search(arguments)
    if found:
        os.environ["STEPPE_FIGURE_FORMAT"] = found[1]


LINE = {"config": config, "matplotlib": matplotlib}
