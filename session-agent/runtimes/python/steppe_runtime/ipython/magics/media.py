"""Cells that are shown as they are: `%%html` and others."""

from __future__ import annotations

from .. import shim


def _show_as(mime: str):
    def show(_shell, arguments: str, body: str, _names: dict) -> None:
        metadata = {mime: {"isolated": True}} if "--isolated" in arguments.split() else None
        shim.displays.display({mime: body}, raw=True, metadata=metadata)

    show.__doc__ = f"Shows the cell as {mime}."
    return show


_javascript = _show_as("application/javascript")
_svg = _show_as("image/svg+xml")

CELL = {
    "HTML": _show_as("text/html"),
    "SVG": _svg,
    "html": _show_as("text/html"),
    "javascript": _javascript,
    "js": _javascript,
    "latex": _show_as("text/latex"),
    "markdown": _show_as("text/markdown"),
    "svg": _svg,
}
